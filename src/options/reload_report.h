#pragma once

// What a running server answers when it has been asked to read its configuration again.

#include <string>
#include <vector>

#include "base/result.h"
#include "options/changes.h"

namespace adit::options {

struct ReloadReport {
  int pid = 0;
  std::string configuration;  // as it was named at the start
  bool dry_run = false;       // only looked
  std::size_t clients = 0;    // that are connected, and stay
  std::size_t updatable = 0;  // of them: could be sent pushed options while they are connected
  std::size_t updated = 0;    // of those: were sent pushed options that have changed
  std::vector<Changed> changes;
  std::vector<std::string> told;      // what else was taken up: files of certificates, lists
  std::vector<std::string> failures;  // what was wanted now and could not be done
  std::vector<std::string> errors;    // with any of them nothing has changed

  enum class Outcome { unchanged, applied, needs_restart, refused };
  [[nodiscard]] Outcome outcome() const;
  bool operator==(const ReloadReport&) const = default;
};

const char* name(ReloadReport::Outcome outcome);

// How a server is asked.
[[nodiscard]] std::string reload_request(bool dry_run);

// For people: one line for each change, by what becomes of it.
[[nodiscard]] std::string render(const ReloadReport& report);

// For programs; parse_report() undoes it.
[[nodiscard]] std::string render_json(const ReloadReport& report);
[[nodiscard]] Result<ReloadReport> parse_report(const std::string& json);

}  // namespace adit::options
