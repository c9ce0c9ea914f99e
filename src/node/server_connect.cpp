// From admission to the push: client-config-dir, negotiation, timers, options.

#include <algorithm>

#include "node/handshake_log.h"
#include "node/lines.h"
#include "node/option_mismatch.h"
#include "node/server.h"
#include "options/client_profile.h"
#include "wire/inside_message.h"

namespace adit::node {

namespace {

bool chooses_framing(const std::vector<std::string>& push_list) {
  return std::ranges::any_of(push_list, [](const std::string& line) {
    return line.starts_with("comp-lzo") || line.starts_with("compress");
  });
}

}  // namespace

void Server::connect(ServerPeer& peer, bool replaced) {
  if (peer.phase == ServerPeer::Phase::leaving) return;
  if (peer.phase == ServerPeer::Phase::handshake &&
      peer.named != peer.association.active().own_id()) {
    peer.log.error("another login began before this one was through; both have to begin anew");
    return turn_out(peer, peer.association.active());
  }
  const session::Session& session = peer.association.active();
  if (session.tls() != nullptr) peer.identity = session.tls()->peer();
  log_.info(1, "{} {}", lines::real_address(peer.address.remote),
            lines::peer_connected(peer.common_name, peer.address.remote));
  peer.log = log_.with_prefix(peer.name() + " ");
  peer.pushed = false;
  peer.retire_others = replaced;
  if (replaced && peer.phase == ServerPeer::Phase::up) {
    if (peer.configured == configured_) return finish_connect(peer);
    begin_anew(peer);
  }
  if (peer.plan.slot) pool_.release(*std::exchange(peer.plan.slot, std::nullopt), now_);
  peer.configured = configured_;
  peer.phase = ServerPeer::Phase::connecting;
  if (!setup_.config.server.duplicate_cn) {
    std::vector<plane::PeerIndex> older;
    for (const auto& [index, other] : peers_) {
      const bool same = other->common_name == peer.common_name && !peer.common_name.empty();
      if (same && index != peer.index && other->phase != ServerPeer::Phase::handshake) {
        older.push_back(index);
      }
    }
    if (!older.empty()) log_.info(1, "{}", lines::new_connection_replaces(peer.common_name));
    for (const plane::PeerIndex index : older) remove(index, "SIGTERM", "new-connection");
  }
  tell_plugins_of_address(peer);
  if (!load_profile(peer) || refuse_disabled(peer)) return;
  run_client_connect(peer);
}

// "disable" is looked at before the next program is asked. Of the end all are told that are to be,
// even of a client that its file disables, whose connect nobody heard of: stock does that.
bool Server::refuse_disabled(ServerPeer& peer) {
  if (!peer.profile.disable) return false;
  peer.let_in = true;
  peer.log.error("MULTI: client has been rejected due to 'disable' directive");
  refuse(peer);
  return true;
}

std::pair<std::string, Result<std::string>> Server::client_file(const options::Server& server,
                                                                const ServerPeer& peer) const {
  const auto name = policy::ccd_file_name(peer.common_name);
  const std::string path = server.ccd + "/" + name.value_or("DEFAULT");
  auto text = name ? around_.store.read(path) : fail("no name");
  if (text || server.ccd_exclusive) return {path, std::move(text)};
  const std::string other = server.ccd + "/DEFAULT";
  if (auto common = around_.store.read(other)) return {other, std::move(common)};
  return {path, std::move(text)};
}

// The client's own options: its ccd file, or DEFAULT. False: it was refused.
bool Server::load_profile(ServerPeer& peer) {
  const options::Server& server = setup_.config.server;
  peer.profile = {};
  peer.ccd_path.clear();
  peer.ccd_text.clear();
  if (server.ccd.empty()) return true;
  auto [path, text] = client_file(server, peer);
  if (!text && server.ccd_exclusive) {
    peer.log.error(
        "TLS Auth Error: --client-config-dir authentication failed for common name '{}' "
        "file='{}'",
        peer.common_name, path);
    refuse(peer);
    return false;
  }
  if (!text) {
    peer.log.info(3, "no ccd file \"{}\" (nor DEFAULT); using the pool", path);
    return true;
  }
  peer.log.info(3, "OPTIONS IMPORT: reading client specific options from: {}", path);
  auto parsed = options::parse_client_profile(*text, path, setup_.config);
  for (const options::Issue& issue : parsed.issues) peer.log.warn("{}", issue.text());
  peer.profile = std::move(parsed.profile);
  peer.ccd_path = std::move(path);
  peer.ccd_text = std::move(*text);
  return true;
}

Environment Server::client_environment(const ServerPeer& peer) const {
  Environment env = identity_environment(peer.identity);
  env.merge(peer_info_environment(peer.association.active().peer_info()));
  env.set("common_name", peer.common_name);
  if (!peer.username.empty()) env.set("username", peer.username);
  env.merge(peer.token_variables);
  set_peer_address(env, "untrusted", peer.address.remote);
  env.merge(connection_environment(peer));
  return env;
}

// What is known once somebody is connected, and told with its later logins, too.
Environment Server::connection_environment(const ServerPeer& peer) const {
  Environment env;
  set_peer_address(env, "trusted", peer.address.remote);
  if (peer.plan.v4) {
    env.set("ifconfig_pool_remote_ip", peer.plan.v4->text());
    const bool subnet = setup_.facts.topology == options::Topology::subnet;
    if (peer.plan.pool_peer4) {
      env.set(subnet ? "ifconfig_pool_netmask" : "ifconfig_pool_local_ip",
              peer.plan.pool_peer4->text());
    }
  }
  if (peer.plan.v6) {
    env.set("ifconfig_pool_remote_ip6", peer.plan.v6->text());
    env.set("ifconfig_pool_ip6_netbits", std::to_string(setup_.facts.bits6));
    if (setup_.facts.local6) env.set("ifconfig_pool_local_ip6", setup_.facts.local6->text());
  }
  env.set("time_ascii", local_time_text(peer.connected));
  env.set("time_unix", std::to_string(peer.connected.seconds));
  return env;
}

void Server::finish_connect(ServerPeer& peer) {
  session::Session& session = peer.association.active();
  peer.let_in = true;
  for (const std::string& warning : peer.plan.warnings) peer.log.warn("{}", warning);
  if (has_tap() && !peer.profile.iroutes.empty()) {
    peer.log.warn("{}", lines::iroutes_rejected(peer.name()));
  }
  if (refuse_disabled(peer)) return;
  rename(peer);
  session::Offer offer = setup_.offer;
  if (!peer.profile.data_ciphers.empty()) {
    offer.data_ciphers = peer.profile.data_ciphers;
    if (Status loaded = load_ciphers(offer.data_ciphers); !loaded) {
      peer.log.error("data-ciphers of this client: {}", loaded.error().text());
    }
  }
  const auto choice =
      session::choose_as_server(offer, {session.peer_info(), session.peer_options()}, peer.index);
  if (!choice) {
    peer.log.error("{}", choice.error().text());
    return refuse(peer, "Data channel cipher negotiation failed (no shared cipher)");
  }
  const bool fresh = peer.phase != ServerPeer::Phase::up;
  peer.phase = ServerPeer::Phase::up;
  set_plane_peer(peer);
  if (fresh) {
    learn(peer);
    if (peer.managed.told) tell_addresses(peer);
    note_about(peer, ServerNews::Kind::established);
  }
  make_push_list(peer, *choice);
  if (fresh) {
    tell_mismatches({setup_.session_for(peer.address).options, session.peer_options(),
                     chooses_framing(peer.push_list)},
                    peer.log);
  }
  session.configure(choice->negotiated, now_);
  set_plane_peer(peer);  // sizes follow the negotiated cipher
  log_data_channel(peer.log, choice->negotiated, peer.index,
                   compression_name(compression_for(peer)), setup_.config.channel.cipher);
  start_timers(peer);
  const auto& goodbye = setup_.config.connection.explicit_exit_notify;
  log_protocol_options(peer.log, goodbye.value_or(0), choice->negotiated);
  start_path(peer);
  if (session.push_requested()) push(peer);
}

// The client's own options replace those of all.
session::Liveness::Timers Server::timers_of(ServerPeer& peer) const {
  const options::Timers& all = setup_.config.timers;
  const options::ClientProfile& own = peer.profile;
  options::Seconds timeout = all.ping_exit_set ? all.ping_exit : all.ping_restart;
  peer.ping_exits = all.ping_exit_set;
  if (own.ping_restart || own.ping_exit) {
    peer.ping_exits = own.ping_exit.has_value();
    timeout = own.ping_exit ? *own.ping_exit : *own.ping_restart;
  }
  return {own.ping.value_or(all.ping), timeout};
}

void Server::start_timers(ServerPeer& peer) {
  const options::Timers& all = setup_.config.timers;
  const options::ClientProfile& own = peer.profile;
  const session::Liveness::Timers timers = timers_of(peer);
  peer.liveness.start(timers, now_);
  const auto either = [](const auto& one, const auto& other) { return one ? one : other; };
  const session::TimeLimits::Setup limits{either(own.inactive, all.inactive),
                                          own.inactive_bytes.value_or(all.inactive_bytes),
                                          either(own.session_timeout, all.session_timeout)};
  log_timers(peer.log, timers, peer.ping_exits, limits);
  peer.limits.start(limits, now_);
}

void Server::make_push_list(ServerPeer& peer, const session::ServerChoice& choice) {
  const session::Negotiated& n = choice.negotiated;
  const wire::PeerInfo& info = peer.association.active().peer_info();
  peer.push_list = peer.plan.push;
  if (n.data_v2) peer.push_list.push_back(fmt::format("peer-id {}", n.peer_id));
  if (std::string token = next_token(peer); !token.empty()) {
    peer.push_list.push_back(std::move(token));
    if (peer.own_username) {
      peer.push_list.push_back("auth-token-user " + to_base64(as_bytes(peer.username)));
    }
  }
  if (choice.push_cipher) peer.push_list.push_back("cipher " + n.cipher);
  if (info.offers(wire::proto_cc_exit)) {
    peer.push_list.push_back(lines::protocol_flags(n));
  } else if (n.key_export) {
    peer.push_list.emplace_back("key-derivation tls-ekm");
  }
  const bool migrates = setup_.config.channel.compression == options::Compression::migrate;
  const options::Compression compression = compression_for(peer);
  if (migrates && compression != options::Compression::off) {
    peer.push_list.push_back(pushed_compression(compression));
  }
  if (info.find("IV_MTU")) {
    peer.push_list.push_back(fmt::format("tun-mtu {}", tun_mtu_for(peer, n)));
  }
}

void Server::push(ServerPeer& peer) {
  if (peer.phase != ServerPeer::Phase::up || peer.push_list.empty()) return;
  peer.pushed = true;
  peer.association.active().push(peer.push_list, now_);
  for (const std::string& message : wire::render_push_reply(peer.push_list)) {
    peer.log.info(3, "{}", lines::sent_control(peer.common_name, message, true));
  }
  if (ending_) tell_end(peer);
}

}  // namespace adit::node
