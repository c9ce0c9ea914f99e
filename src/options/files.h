#pragma once

#include <string>

#include "base/result.h"

namespace adit::options {

// Reads the files which a configuration includes.
class Files {
 public:
  virtual ~Files() = default;
  // The whole file; the path "stdin" is the standard input.
  [[nodiscard]] virtual Result<std::string> read(const std::string& path) = 0;
};

}  // namespace adit::options
