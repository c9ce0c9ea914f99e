#pragma once

// What a server pushed, held against what the client allows.

#include <string>
#include <vector>

#include "options/config.h"
#include "options/issue.h"

namespace adit::options {

enum class PushVerdict {
  complete,  // this was all
  more,      // push-continuation 2: wait for the next message
  restart,   // a pull-filter rejects: drop the connection and try again
  fatal,     // the tunnel could not work; the issues tell why
};

struct PushOutcome {
  PushVerdict verdict = PushVerdict::complete;
  Issues issues;                   // an error means that its option was skipped
  std::vector<std::string> taken;  // names of the others, in order
};

// What the first "pull-filter" says that fits a pushed option; nothing: none does.
[[nodiscard]] std::optional<Client::Filter::Action> filter_for(const Config& config,
                                                               const std::string& option);

// The groups a server may change, as the client's own configuration has them.
[[nodiscard]] Pulled pulled_from(const Config& config);

// Applies one PUSH_REPLY, already split at its commas, to what pulled_from() or the message before
// it left. Routes are added; single values replace.
[[nodiscard]] PushOutcome apply_pushed(const std::vector<std::string>& options,
                                       const Config& config, Pulled& into);

}  // namespace adit::options
