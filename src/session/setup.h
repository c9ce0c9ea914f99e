#pragma once

#include <optional>
#include <string>

#include "base/rng.h"
#include "base/secret.h"
#include "base/time.h"
#include "tls/engine.h"

namespace adit::session {

using namespace std::chrono_literals;

// How the two ends agree on the data channel once TLS stands.
enum class Exchange {
  point_to_point,  // from both peer infos
  pulling,         // we are a client: the server pushes
  pushing,         // we are a server: we push
};

// What all sessions of a node have in common. Outlives them.
struct Setup {
  bool tls_server = false;
  Exchange exchange = Exchange::pulling;
  tls::TlsFactory* tls = nullptr;
  Rng* rng = nullptr;

  Duration tls_timeout = 2s;
  Duration hand_window = 60s;
  Duration tran_window = 3600s;
  Duration reneg = 3600s;         // 0: never
  Duration reneg_min = 3600s;     // the moment is drawn from reneg_min .. reneg
  std::uint64_t reneg_bytes = 0;  // of one key; 0: no limit
  bool small_blocks = false;      // a cipher with blocks below 128 bits may come into use
  std::uint64_t reneg_bytes_small_blocks = 0;  // of one key of such a cipher
  std::uint64_t reneg_packets = 0;

  std::size_t datagram_limit = 1172;  // largest control datagram (UDP payload)
  std::string options;                // our options consistency string
  std::string peer_info;              // ours; empty on a pushing server
};

// What goes into key method 2 of the next negotiation; a token may replace the password later.
struct Credentials {
  std::string username;
  SecretText password;
};

// The outcome of the negotiation, the same for all keys of a session.
struct Negotiated {
  std::string cipher;
  std::string auth;  // digest of a CBC cipher
  bool data_v2 = true;
  std::uint32_t peer_id = 0;  // on the wire
  bool key_export = false;    // TLS exporter rather than the PRF
  bool dyn_tls_crypt = false;
  bool cc_exit = false;
  bool epoch = false;
  bool operator==(const Negotiated&) const = default;
};

}  // namespace adit::session
