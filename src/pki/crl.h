#pragma once

// Revocation lists. OpenSSL types: include from .cpp files only.

#include <optional>
#include <span>
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
// What the lists in a text say, of those that one of the authorities signed.
[[nodiscard]] std::vector<RevokedSerial> read_crl(std::string_view pem,
                                                  std::span<X509* const> authorities);
// The list in the text that the authority signed, and its dates.
struct SignedList {
  std::string pem;
  WallTime from;
  WallTime until;
};
[[nodiscard]] std::optional<SignedList> find_crl(std::string_view pem, X509* authority);

}  // namespace adit::pki
