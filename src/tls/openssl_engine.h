#pragma once

// The engine behind TlsContext. OpenSSL types: include from .cpp files only.

#include "tls/context.h"
#include "tls/handles.h"

namespace adit::tls {

// What the verification of a peer's chain needs to know; its engines share it.
struct Verification {
  PeerPolicy policy;
  RevokedSerials* revoked = nullptr;
  ChainJudge* judge = nullptr;
  bool keep_pem = false;
  bool fingerprint_only = false;    // no CA at all: the fingerprint decides
  std::shared_ptr<void> library{};  // has to outlive every engine
};

std::unique_ptr<TlsEngine> make_openssl_engine(SSL_CTX* context, bool server,
                                               std::shared_ptr<const Verification> verification);
int verify_peer(int preverified, X509_STORE_CTX* store);

}  // namespace adit::tls
