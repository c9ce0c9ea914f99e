#pragma once

#include <string>

#include "options/location.h"

namespace adit::options {

// A file named by an option, or its text when it stood inline.
struct FileOrInline {
  std::string path;  // empty when inline
  std::string text;  // inline text, or a file's that was read and kept
  bool is_inline = false;
  bool is_kept = false;
  Location at;

  [[nodiscard]] bool defined() const { return is_inline || !path.empty(); }
};

}  // namespace adit::options
