#include "session/negotiation.h"

#include <algorithm>

#include "base/text.h"
#include "crypto/cipher.h"
#include "wire/options_string.h"

namespace adit::session {

namespace {

bool contains(const std::vector<std::string>& list, std::string_view name) {
  return std::ranges::find(list, name) != list.end();
}

// Names compare in upper case, but for "none", which is written small everywhere.
std::string cipher_name(std::string_view name) {
  const std::string upper = to_upper(name);
  return upper == "NONE" ? "none" : upper;
}

std::string announced_cipher(std::string_view options) {
  return cipher_name(wire::options_string_value(options, "cipher").value_or(""));
}

bool is_aead(const std::string& cipher) {
  const crypto::Cipher* found = crypto::find_cipher(cipher);
  return found != nullptr && found->is_aead();
}

std::vector<std::string> ciphers_of(const wire::PeerInfo& info) {
  std::vector<std::string> ciphers;
  if (const auto list = info.find("IV_CIPHERS")) {
    for (std::string_view name : split(*list, ':')) ciphers.push_back(cipher_name(name));
  } else if (info.has_ncp2()) {
    ciphers = {"AES-256-GCM", "AES-128-GCM"};
  }
  return ciphers;
}

}  // namespace

std::uint32_t client_proto(const Offer& offer) {
  std::uint32_t proto = wire::proto_data_v2 | wire::proto_request_push |
                        wire::proto_auth_pending_kw | wire::proto_cc_exit |
                        wire::proto_auth_fail_temp | wire::proto_dns_option_v2 |
                        wire::proto_push_update;
  if (offer.key_export) proto |= wire::proto_tls_key_export | wire::proto_dyn_tls_crypt;
  if (offer.epoch) proto |= wire::proto_data_epoch;
  return proto;
}

std::uint32_t point_to_point_proto(const Offer& offer) {
  std::uint32_t proto = wire::proto_data_v2 | wire::proto_ncp_p2p | wire::proto_cc_exit |
                        wire::proto_auth_pending_kw | wire::proto_auth_fail_temp;
  if (offer.key_export) proto |= wire::proto_tls_key_export | wire::proto_dyn_tls_crypt;
  if (offer.epoch) proto |= wire::proto_data_epoch;
  return proto;
}

wire::PeerInfo own_peer_info(const Offer& offer, std::uint32_t proto, unsigned iv_mtu) {
  wire::PeerInfo info;
  info.add("IV_VER", "2.6.14");
  info.add("IV_PLAT", "linux");
  info.add("IV_TCPNL", "1");
  if (iv_mtu > 0) info.add("IV_MTU", std::to_string(iv_mtu));
  // 2.4 servers look at IV_NCP alone.
  if (contains(offer.data_ciphers, "AES-128-GCM") && contains(offer.data_ciphers, "AES-256-GCM")) {
    info.add("IV_NCP", "2");
  }
  info.add("IV_CIPHERS", join(offer.data_ciphers, ":"));
  info.add("IV_PROTO", std::to_string(proto));
  if (offer.unpacks) {
    for (const char* name : {"IV_LZ4", "IV_LZ4v2", "IV_LZO"}) info.add(name, "1");
  } else {
    info.add("IV_LZO_STUB", "1");
  }
  info.add("IV_COMP_STUB", "1");
  info.add("IV_COMP_STUBv2", "1");
  return info;
}

Result<ServerChoice> choose_as_server(const Offer& offer, const PeerFacts& peer,
                                      std::uint32_t peer_id) {
  const std::vector<std::string> theirs = ciphers_of(peer.info);
  std::string announced;
  if (!peer.info.find("IV_CIPHERS")) {
    announced = announced_cipher(peer.options);
  }
  ServerChoice choice;
  Negotiated& n = choice.negotiated;
  for (const std::string& cipher : offer.data_ciphers) {
    if (!contains(theirs, cipher) && cipher != announced) continue;
    n.cipher = cipher;
    break;
  }
  if (n.cipher.empty() && theirs.empty() && announced.empty()) n.cipher = offer.fallback;
  if (n.cipher.empty()) {
    return fail_with({"PUSH: No common cipher between server and client. Server data-ciphers: '" +
                          join(offer.data_ciphers, ":") + "', client supported ciphers '" +
                          (theirs.empty() ? announced : join(theirs, ":")) + "'",
                      "add one of the client's ciphers to data-ciphers"});
  }
  choice.push_cipher = !theirs.empty();
  n.auth = offer.auth;
  n.peer_id = peer_id;
  n.data_v2 = peer.info.offers(wire::proto_data_v2);
  n.key_export = offer.key_export && peer.info.offers(wire::proto_tls_key_export);
  if (offer.force_key_export && !n.key_export) {
    return fail_with(
        {"force-tls-key-material-export is set, but the client cannot derive keys with "
         "the TLS exporter",
         "update the client to OpenVPN 2.6 or later"});
  }
  n.cc_exit = peer.info.offers(wire::proto_cc_exit);
  n.dyn_tls_crypt = n.key_export && peer.info.offers(wire::proto_dyn_tls_crypt);
  n.epoch =
      offer.epoch && n.data_v2 && is_aead(n.cipher) && peer.info.offers(wire::proto_data_epoch);
  return choice;
}

Result<Negotiated> choose_as_client(const Offer& offer, const PushedFacts& pushed,
                                    std::string_view server_options) {
  Negotiated n;
  const std::string wanted = cipher_name(pushed.cipher);
  const std::string announced = announced_cipher(server_options);
  if (!wanted.empty()) {
    if (!contains(offer.data_ciphers, wanted) && wanted != offer.fallback) {
      return fail_with({"the server chose the cipher " + printable(wanted) +
                            ", which is not in our data-ciphers (" + join(offer.data_ciphers, ":") +
                            ")",
                        "add it to data-ciphers on this side, or change the server's"});
    }
    n.cipher = wanted;
  } else if (contains(offer.data_ciphers, announced)) {
    n.cipher = announced;
  } else if (!offer.fallback.empty()) {
    n.cipher = offer.fallback;
  } else {
    return fail_with({"the server pushed no cipher and announces " +
                          (announced.empty() ? "none" : printable(announced)) +
                          ", which is not in our data-ciphers (" + join(offer.data_ciphers, ":") +
                          ")",
                      "set data-ciphers-fallback to the server's cipher"});
  }
  n.auth = offer.auth;
  n.data_v2 = pushed.peer_id.has_value();
  n.peer_id = pushed.peer_id.value_or(0);
  n.key_export = pushed.tls_ekm;
  n.cc_exit = pushed.cc_exit;
  n.dyn_tls_crypt = pushed.dyn_tls_crypt;
  n.epoch = pushed.aead_epoch && n.data_v2 && is_aead(n.cipher);
  return n;
}

namespace {

// First of the TLS server's list that the TLS client has; nothing in common: the configured one.
std::string common_cipher(const std::vector<std::string>& server,
                          const std::vector<std::string>& client) {
  for (const std::string& cipher : server) {
    if (contains(client, cipher)) return cipher;
  }
  return {};
}

}  // namespace

Result<PointToPointChoice> choose_point_to_point(const Offer& offer, bool tls_server,
                                                 const std::string& own_cipher,
                                                 const PeerFacts& peer) {
  PointToPointChoice choice;
  Negotiated& n = choice.negotiated;
  n.auth = offer.auth;
  n.data_v2 = false;
  const std::uint32_t both = point_to_point_proto(offer) & peer.info.proto();
  const bool negotiates = (both & wire::proto_ncp_p2p) != 0;
  if (peer.info.find("IV_CIPHERS")) {
    const auto theirs = ciphers_of(peer.info);
    n.cipher = tls_server ? common_cipher(offer.data_ciphers, theirs)
                          : common_cipher(theirs, offer.data_ciphers);
  } else {
    const std::string announced = announced_cipher(peer.options);
    if (contains(offer.data_ciphers, announced)) n.cipher = announced;
  }
  if (n.cipher.empty()) n.cipher = offer.fallback.empty() ? own_cipher : offer.fallback;
  if (n.cipher.empty()) {
    return fail_with(
        {"no cipher in common with the peer (ours: " + join(offer.data_ciphers, ":") + ")",
         "give both sides the same data-ciphers"});
  }
  if (crypto::find_cipher(n.cipher) == nullptr) {
    return fail_with(
        {"no cipher in common with the peer, and ours, " + printable(n.cipher) + ", is not known",
         "give both sides the same data-ciphers"});
  }
  if (!negotiates) return choice;
  n.data_v2 = (both & wire::proto_data_v2) != 0;
  n.key_export = (both & wire::proto_tls_key_export) != 0;
  n.cc_exit = (both & wire::proto_cc_exit) != 0;
  n.dyn_tls_crypt = n.key_export && (both & wire::proto_dyn_tls_crypt) != 0;
  n.epoch = n.data_v2 && is_aead(n.cipher) && (both & wire::proto_data_epoch) != 0;
  n.peer_id = point_to_point_peer_id;
  choice.exported_peer_id = n.key_export;
  return choice;
}

}  // namespace adit::session
