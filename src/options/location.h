#pragma once

#include <string>

namespace adit::options {

// Where an option was given: a file and line, "[CMD-LINE]":1, "[PUSH-OPTIONS]":4.
struct Location {
  std::string file;
  int line = 0;

  [[nodiscard]] std::string text() const { return file + ":" + std::to_string(line); }
  bool operator==(const Location&) const = default;
};

}  // namespace adit::options
