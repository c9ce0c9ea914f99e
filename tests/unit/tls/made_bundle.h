#pragma once

#include <string>

#include <openssl/pkcs12.h>

namespace adit::tls {

// The bytes of a PKCS #12 file; empty: OpenSSL makes none.
//
// authority  may be nullptr
// cipher     0: what is usual today
inline std::string made_bundle(X509* own, EVP_PKEY* key, X509* authority, const char* password,
                               int cipher = 0) {
  STACK_OF(X509)* others = sk_X509_new_null();
  if (authority != nullptr) sk_X509_push(others, authority);
  PKCS12* made = PKCS12_create(password, "me", key, own, others, cipher, cipher, 0, 0, 0);
  sk_X509_free(others);
  if (made == nullptr) return {};
  unsigned char* bytes = nullptr;
  const int size = i2d_PKCS12(made, &bytes);
  std::string der(reinterpret_cast<char*>(bytes), static_cast<std::size_t>(size));
  OPENSSL_free(bytes);
  PKCS12_free(made);
  return der;
}

}  // namespace adit::tls
