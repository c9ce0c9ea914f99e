#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "session/setup.h"
#include "wire/peer_info.h"

namespace adit::session {

// What this side is willing to use. source: wire protocol 6, 8.
struct Offer {
  std::vector<std::string> data_ciphers;  // best first
  std::string fallback;                   // data-ciphers-fallback; empty: none
  std::string auth = "SHA1";              // digest of CBC ciphers; "none"
  bool epoch = true;                      // epoch data format, where the peer has it too
  bool key_export = true;
  bool force_key_export = false;
  bool unpacks = false;  // announced: the peer may send LZO and LZ4, and not only their framings
};

// IV_PROTO bits that a client, or a point-to-point peer, announces.
[[nodiscard]] std::uint32_t client_proto(const Offer& offer);
[[nodiscard]] std::uint32_t point_to_point_proto(const Offer& offer);
// The peer info lines every client sends; push_peer_info_lines come on top.
[[nodiscard]] wire::PeerInfo own_peer_info(const Offer& offer, std::uint32_t proto,
                                           unsigned iv_mtu);

struct PeerFacts {
  const wire::PeerInfo& info;
  std::string_view options;  // the peer's options string
};

// The server's choice. An error is the text for the log; the client is told
// "Data channel cipher negotiation failed (no shared cipher)".
struct ServerChoice {
  Negotiated negotiated;
  bool push_cipher = false;  // the peer understands a pushed cipher
};
[[nodiscard]] Result<ServerChoice> choose_as_server(const Offer& offer, const PeerFacts& peer,
                                                    std::uint32_t peer_id);

// The client's reading of what was pushed.
struct PushedFacts {
  std::string cipher;  // empty: none pushed
  std::optional<std::uint32_t> peer_id;
  bool tls_ekm = false, dyn_tls_crypt = false, cc_exit = false, aead_epoch = false;
};
[[nodiscard]] Result<Negotiated> choose_as_client(const Offer& offer, const PushedFacts& pushed,
                                                  std::string_view server_options);

// Both peer infos decide; server_first tells whose list is walked. The peer id comes from the
// exporter (or is "vpn"), filled in by the caller.
struct PointToPointChoice {
  Negotiated negotiated;
  bool exported_peer_id = false;
};
inline constexpr std::uint32_t point_to_point_peer_id = 0x76706e;  // "vpn"
[[nodiscard]] Result<PointToPointChoice> choose_point_to_point(const Offer& offer, bool tls_server,
                                                               const std::string& own_cipher,
                                                               const PeerFacts& peer);

}  // namespace adit::session
