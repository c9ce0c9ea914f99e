#pragma once

// The demands of PeerPolicy on one verified chain. OpenSSL types: include from .cpp files only.

#include "tls/context.h"
#include "tls/handles.h"

namespace adit::tls {

struct PeerRefusal {
  std::string line;  // stock's words
  std::string advice;
};

// The peer's own certificate (depth 0); nothing when it passes.
[[nodiscard]] std::optional<PeerRefusal> refuse_peer(X509* certificate, const PeerPolicy& policy,
                                                     RevokedSerials* revoked);
// The one that issued it (depth 1).
[[nodiscard]] std::optional<PeerRefusal> refuse_issuer(X509* certificate, const PeerPolicy& policy);
[[nodiscard]] bool fingerprint_allowed(X509* certificate, const PeerPolicy& policy);
// Advice for a chain that OpenSSL itself refused.
[[nodiscard]] std::string chain_advice(X509_STORE_CTX* chain);

}  // namespace adit::tls
