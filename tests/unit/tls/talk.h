#pragma once

#include "tls/engine.h"

namespace adit::tls {

// Carries bytes between two ends, the client's first, for as many rounds as any handshake takes.
inline void talk(TlsEngine& client, TlsEngine& server) {
  Buffer room(4096);
  for (int round = 0; round < 20; ++round) {
    while (const std::size_t size = client.transmit(room)) server.receive(Bytes(room).first(size));
    while (const std::size_t size = server.transmit(room)) client.receive(Bytes(room).first(size));
  }
}

}  // namespace adit::tls
