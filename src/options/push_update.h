#pragma once

// What a server changes in a living tunnel (PUSH_UPDATE), held against what the client allows; and
// what it has to send so that a client knows of a change.

#include <string>
#include <string_view>
#include <vector>

#include "options/pushed.h"

namespace adit::options {

// What an update replaces together: "redirect-private" is of the kind "redirect-gateway". Empty: no
// update may change it. source: wire protocol 9.5
[[nodiscard]] std::string_view update_kind(std::string_view name);

struct UpdateOutcome {
  bool restart = false;            // it asks for what cannot be done to a living tunnel
  Issues issues;                   // an error means that its option was skipped
  std::vector<std::string> taken;  // names, in order, of what was set or taken away
};

// Applies one PUSH_UPDATE, already split at its commas. "-name" takes away, "?" before the name
// lets it be skipped. The first of a kind replaces what was pushed of it before; the client's own
// lines stay.
// into: as the last reply or update left it; not changed when a restart is asked for
[[nodiscard]] UpdateOutcome apply_update(const std::vector<std::string>& options,
                                         const Config& config, Pulled& into);

// The options of an update that makes a client which was pushed "before" one which was pushed
// "now". Nothing of what no update may change.
[[nodiscard]] std::vector<std::string> update_between(const std::vector<std::string>& before,
                                                      const std::vector<std::string>& now);

}  // namespace adit::options
