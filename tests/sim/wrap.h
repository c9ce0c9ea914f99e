#pragma once

#include "node/wrapping.h"

namespace adit::sim {

// How control packets are wrapped between two ends.
enum class Wrap { plain, tls_auth, tls_crypt, tls_crypt_v2 };

// One end's wrapping with the key that both share; the keys of tls-crypt-v2 are still to be added.
inline node::Wrapping shared_wrapping(Wrap wrap, bool server, const crypto::StaticKey& key) {
  node::Wrapping made;
  made.tls_server = server;
  made.key = key;
  if (wrap == Wrap::tls_auth) {
    made.kind = node::Wrapping::Kind::tls_auth;
    made.direction = server ? 0 : 1;
  }
  if (wrap == Wrap::tls_crypt) made.kind = node::Wrapping::Kind::tls_crypt;
  return made;
}

}  // namespace adit::sim
