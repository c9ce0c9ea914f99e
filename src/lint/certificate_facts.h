#pragma once

// What lint asks of certificates and keys. OpenSSL stays behind this.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace adit::lint {

struct CertificateFacts {
  std::string common_name, subject, fingerprint;  // SHA-256, upper-case hexadecimal with colons
  WallTime from, until;
  std::string weakness;  // "signed with SHA1"; empty: none
  bool is_ca = false;
  bool for_server = false, for_client = false;  // what its extended usage says
  bool says_usage = false;
};

// Every certificate of a PEM text, in order; what does not parse is left out.
[[nodiscard]] std::vector<CertificateFacts> certificates_in(std::string_view pem);
// Whether one of the authorities has signed the first certificate of pem, itself or by others that
// stand beside it there.
[[nodiscard]] bool is_signed_by(std::string_view pem, std::string_view authorities);
// When the next revocation list is due; nothing when the text holds none.
[[nodiscard]] std::optional<WallTime> next_update_of(std::string_view crl_pem);
// The size of Diffie-Hellman parameters; nothing when the text holds none.
[[nodiscard]] std::optional<unsigned> dh_bits(std::string_view pem);

}  // namespace adit::lint
