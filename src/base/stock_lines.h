#pragma once

// The log lines that other programs watch for, as far as rooms below `node` say them; node/lines.h
// has the others, and includes this. Stock's exact words; nothing else prints them.

#include <string>
#include <string_view>

namespace adit::stock_lines {

// "VERIFY ERROR: depth=0, error=certificate revoked: CN=one, serial=3". subject: empty, if there is
// no certificate to name.
[[nodiscard]] std::string verify_error(int depth, std::string_view error, std::string_view subject,
                                       std::string_view serial);
[[nodiscard]] std::string verify_warning(int depth, std::string_view error,
                                         std::string_view subject);
inline constexpr std::string_view key_usage = "VERIFY KU ERROR";
inline constexpr std::string_view extended_key_usage = "VERIFY EKU ERROR";
[[nodiscard]] std::string wrong_name(std::string_view subject, std::string_view wanted);
// kind: "fingerprint" of the peer, "certificate fingerprint" of its issuer
[[nodiscard]] std::string wrong_fingerprint(std::string_view kind, std::string_view fingerprint);
[[nodiscard]] std::string serial_revoked(std::string_view serial);
[[nodiscard]] std::string no_username(std::string_view fields, std::string_view subject);
inline constexpr std::string_view tls_bio_error = "TLS_ERROR: BIO read tls_read_plaintext error";
inline constexpr std::string_view tls_read_error =
    "TLS Error: TLS object -> incoming plaintext read error";

// why: "Operation not permitted (errno=1)"
[[nodiscard]] std::string cannot_ioctl(std::string_view request, std::string_view device,
                                       std::string_view why);
[[nodiscard]] std::string cannot_open_tun(std::string_view node, std::string_view why);

// In front of what is said of a configuration that is refused.
inline constexpr std::string_view options_error = "Options error: ";

}  // namespace adit::stock_lines
