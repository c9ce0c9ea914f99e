#pragma once

#include <string>
#include <string_view>

namespace adit::tls {

// "VERIFY ERROR: depth=0, error=certificate revoked: CN=one, serial=3", a line that other programs
// match. subject: empty, if there is no certificate to name.
[[nodiscard]] std::string verify_error(int depth, std::string_view error, std::string_view subject,
                                       std::string_view serial);

}  // namespace adit::tls
