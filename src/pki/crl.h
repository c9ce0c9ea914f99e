#pragma once

// Revocation lists. OpenSSL types: include from .cpp files only.

#include <string>
#include <string_view>
#include <vector>

#include "pki/certificate.h"
#include "pki/index.h"

namespace adit::pki {

// A signed list, in PEM, of every revoked row.
[[nodiscard]] Result<std::string> make_crl(const Index& index, const Validity& validity,
                                           const Signer& signer);

struct RevokedSerial {
  std::string serial;
  Revocation revocation;
};
// What a list says, when it is one and the authority signed it; otherwise nothing.
[[nodiscard]] std::vector<RevokedSerial> read_crl(std::string_view pem, X509* authority);

}  // namespace adit::pki
