#include "base/stock_lines.h"

#include <fmt/core.h>

namespace adit::stock_lines {

std::string verify_error(int depth, std::string_view error, std::string_view subject,
                         std::string_view serial) {
  std::string line = fmt::format("VERIFY ERROR: depth={}, error={}", depth, error);
  if (!subject.empty()) line += fmt::format(": {}, serial={}", subject, serial);
  return line;
}

std::string verify_warning(int depth, std::string_view error, std::string_view subject) {
  return fmt::format("VERIFY WARNING: depth={}, {}: {}", depth, error, subject);
}

std::string wrong_name(std::string_view subject, std::string_view wanted) {
  return fmt::format("VERIFY X509NAME ERROR: {}, must be {}", subject, wanted);
}

std::string wrong_fingerprint(std::string_view kind, std::string_view fingerprint) {
  return fmt::format(
      "TLS Error: --tls-verify/--peer-fingerprint certificate hash verification failed. (got {}: "
      "{})",
      kind, fingerprint);
}

std::string serial_revoked(std::string_view serial) {
  return fmt::format("VERIFY CRL: certificate serial number {} is revoked", serial);
}

std::string no_username(std::string_view fields, std::string_view subject) {
  return fmt::format("VERIFY ERROR: could not extract {} from X509 subject string ('{}')", fields,
                     subject);
}

std::string cannot_ioctl(std::string_view request, std::string_view device, std::string_view why) {
  return fmt::format("Cannot ioctl {} {}: {}", request, device, why);
}

std::string cannot_open_tun(std::string_view node, std::string_view why) {
  return fmt::format("Cannot open TUN/TAP dev {}: {}", node, why);
}

}  // namespace adit::stock_lines
