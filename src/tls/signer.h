#pragma once

#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/result.h"

namespace adit::tls {

// What TLS wants signed.
struct SigningRequest {
  enum class Scheme { rsa_pkcs1, rsa_pss, ecdsa, ed25519, ed448 } scheme = Scheme::rsa_pkcs1;
  std::string digest;       // "SHA256", "MD5-SHA1"; empty: the scheme has its own
  std::string salt_length;  // of rsa_pss: "digest", or a number
  Bytes message;            // whole, not digested yet
};

// A private key that lies elsewhere: on a token, or with a manager.
class Signer {
 public:
  virtual ~Signer() = default;
  // Waits for the signature, in the form that TLS carries (of ecdsa: DER), but not for ever. Called
  // within a handshake: it must not come back to the connection. Says itself what went wrong.
  [[nodiscard]] virtual std::optional<Buffer> sign(const SigningRequest& request) = 0;
};

// For those that sign no messages. Empty: there is no such digest.
[[nodiscard]] Buffer digest_of(const SigningRequest& request);
// What PKCS#1 v1.5 puts into its padding: the digest and its name in DER.
[[nodiscard]] Buffer digest_info_of(const SigningRequest& request);
// An ECDSA signature of two numbers of the same length, as TLS carries it; empty if it is none.
[[nodiscard]] Buffer ecdsa_sequence(Bytes numbers);
// A certificate as tokens keep it, as text; empty if it is none.
[[nodiscard]] std::string pem_of(Bytes der);
// What a list of tokens shows of one.
struct CertificateName {
  std::string subject, serial;  // "CN=client1", hexadecimal
};
[[nodiscard]] CertificateName name_of(Bytes der);

}  // namespace adit::tls
