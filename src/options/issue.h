#pragma once

#include <string>
#include <vector>

#include "options/location.h"

namespace adit::options {

// Something to tell the user about the configuration.
struct Issue {
  enum class Severity { note, warning, error };

  Severity severity = Severity::error;
  Location at;          // no file: it belongs to no single line
  std::string line;     // as the user wrote it, shortened; empty when it would not help
  std::string message;  // what is wrong, without a full stop
  std::string advice;   // what to write instead; may be empty
  // The whole line says nothing to anybody: it could as well be removed.
  bool without_effect = false;

  // One line: "Options error: In server.conf:3: unrecognized option: "porto udp" - did you mean..."
  [[nodiscard]] std::string text() const;
};

using Issues = std::vector<Issue>;

[[nodiscard]] bool has_errors(const Issues& issues);

// A line of the user as it may be shown: printable and of bearable length.
[[nodiscard]] std::string shown(std::string_view line);

}  // namespace adit::options
