#include "tls/verify_line.h"

#include <fmt/core.h>

namespace adit::tls {

std::string verify_error(int depth, std::string_view error, std::string_view subject,
                         std::string_view serial) {
  std::string line = fmt::format("VERIFY ERROR: depth={}, error={}", depth, error);
  if (!subject.empty()) line += fmt::format(": {}, serial={}", subject, serial);
  return line;
}

}  // namespace adit::tls
