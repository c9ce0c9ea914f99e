// From admission to the push: address, client-config-dir, scripts, negotiation, routes.

#include <algorithm>

#include "base/text.h"
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
  if (!load_profile(peer)) return;
  run_client_connect(peer);
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
    refuse(peer, peer.association.active(), peer.association.active().key_id(), {});
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
  set_peer_address(env, "trusted", peer.address.remote);
  set_peer_address(env, "untrusted", peer.address.remote);
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

void Server::run_client_connect(ServerPeer& peer) {
  std::optional<policy::Lease> lease = pool_.acquire(peer.common_name, now_);
  if (!lease && pool_.size() > 0) {
    peer.log.error("MULTI: no free --ifconfig-pool addresses are available");
  } else if (lease) {
    peer.log.info(3, "MULTI_sva: pool returned IPv4={}, IPv6={}",
                  lease->v4 ? lease->v4->text() : "(Not enabled)",
                  lease->v6 ? lease->v6->text() : "(Not enabled)");
  }
  if (lease && peer.profile.ifconfig_push) pool_.give_back(lease->slot);
  peer.plan = policy::plan_client(setup_.facts, peer.profile, lease);
  if (peer.profile.ifconfig_push) peer.plan.slot.reset();
  tell_plugins_of_connect(peer, lease, ConnectStage::first_plugins);
}

void Server::run_connect_script(ServerPeer& peer, const std::optional<policy::Lease>& lease) {
  if (!setup_.config.scripts.client_connect.defined()) {
    load_managed_profile(peer, lease);
    return finish_connect(peer);
  }
  const std::string& dir = setup_.config.scripts.tmp_dir;
  auto profile = TemporaryFile::create(around_.store, dir, "cc");
  auto later = TemporaryFile::create(around_.store, dir, "ccr");
  if (!profile || !later) {
    peer.log.error("client-connect: {}", (profile ? later : profile).error().text());
    return refuse(peer, peer.association.active(), peer.association.active().key_id(), {});
  }
  Environment env = client_environment(peer);
  env.set("client_connect_config_file", profile->path());
  env.set("client_connect_deferred_file", later->path());
  const std::vector<std::string> arguments{profile->path()};
  const auto answer =
      std::make_shared<ConnectAnswer>(ConnectAnswer{std::move(*profile), std::move(*later), lease});
  const Coming coming = coming_of(peer);
  hooks_.run_in_order("client-connect", setup_.config.scripts.client_connect, env, arguments,
                      {.subjects = subjects_of(peer),
                       .log = peer.log,
                       .wanted = [this, coming] { return find_coming(coming) != nullptr; }},
                      [this, alive = alive_, coming, answer](int status) {
                        if (*alive) connect_answered(coming, status, answer);
                      });
}

Server::Coming Server::coming_of(const ServerPeer& peer) {
  return {peer.client_id, peer.association.active().own_id()};
}

ServerPeer* Server::find_coming(const Coming& coming) {
  ServerPeer* peer = find_client(coming.client);
  const bool waits = peer != nullptr && peer->phase == ServerPeer::Phase::connecting &&
                     peer->association.active().own_id() == coming.session;
  return waits ? peer : nullptr;
}

// Its programs run one after the other, and with them those of whoever had the name before it.
std::vector<std::string> Server::subjects_of(const ServerPeer& peer) const {
  std::vector<std::string> subjects{"#" + std::to_string(peer.client_id)};
  if (!setup_.config.server.duplicate_cn) subjects.push_back(peer.common_name);
  return subjects;
}

void Server::connect_answered(const Coming& coming, int status,
                              const std::shared_ptr<ConnectAnswer>& answer) {
  ServerPeer* peer = find_coming(coming);
  if (peer == nullptr) return;
  if (status == 0 && answer->later.text().starts_with('2')) {
    return watch([this, coming, answer] { return take_late_connect_answer(coming, *answer); });
  }
  settle_connect(*peer, status == 0, *answer);
}

bool Server::take_late_connect_answer(const Coming& coming, const ConnectAnswer& answer) {
  ServerPeer* peer = find_coming(coming);
  if (peer == nullptr) return true;
  const std::string later = answer.later.text();
  if (later.empty() || later.starts_with('2')) return false;
  const bool yes = later.starts_with('1');
  if (!yes) peer->log.error("MULTI: deferred --client-connect script returned CC_RET_FAILED");
  settle_connect(*peer, yes, answer);
  return true;
}

void Server::settle_connect(ServerPeer& peer, bool yes, const ConnectAnswer& answer) {
  if (yes) {
    take_connect_answer(peer, answer);
  } else {
    session::Session& session = peer.association.active();
    refuse(peer, session, session.key_id(), {});
  }
  serve(peer);
}

void Server::take_connect_answer(ServerPeer& peer, const ConnectAnswer& answer) {
  overlay_profile(peer, answer.profile.text(), answer.profile.path(), answer.lease);
  load_managed_profile(peer, answer.lease);
  finish_connect(peer);
}

// Options of one client on top of those it has.
void Server::overlay_profile(ServerPeer& peer, const std::string& text, const std::string& source,
                             const std::optional<policy::Lease>& lease) {
  if (text.empty()) return;
  auto parsed = options::parse_client_profile(text, source, setup_.config);
  for (const options::Issue& issue : parsed.issues) peer.log.warn("{}", issue.text());
  peer.profile = policy::overlay(peer.profile, parsed.profile);
  const auto slot = peer.plan.slot;
  peer.plan = policy::plan_client(setup_.facts, peer.profile, lease);
  peer.plan.slot = slot;
}

void Server::finish_connect(ServerPeer& peer) {
  session::Session& session = peer.association.active();
  peer.let_in = true;
  for (const std::string& warning : peer.plan.warnings) peer.log.warn("{}", warning);
  if (peer.profile.disable) {
    peer.log.error("MULTI: client has been rejected due to 'disable' directive");
    return refuse(peer, session, session.key_id(), {});
  }
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
    return refuse(peer, session, session.key_id(),
                  "Data channel cipher negotiation failed (no shared cipher)");
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
    tell_mismatches(
        {setup_.session.options, session.peer_options(), chooses_framing(peer.push_list)},
        peer.log);
  }
  session.configure(choice->negotiated, now_);
  set_plane_peer(peer);  // sizes follow the negotiated cipher
  log_data_channel(peer.log, choice->negotiated, peer.index,
                   compression_name(compression_for(peer)), setup_.config.channel.cipher);
  start_timers(peer);
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
  const auto seconds = [](Duration time) {
    return std::chrono::duration_cast<std::chrono::seconds>(time).count();
  };
  peer.log.info(2, "Timers: ping {}, ping-{} {}", seconds(timers.ping),
                peer.ping_exits ? "exit" : "restart", seconds(timers.timeout));
  const auto either = [](const auto& one, const auto& other) { return one ? one : other; };
  peer.limits.start(
      {either(own.inactive, all.inactive), own.inactive_bytes.value_or(all.inactive_bytes),
       either(own.session_timeout, all.session_timeout)},
      now_);
}

void Server::make_push_list(ServerPeer& peer, const session::ServerChoice& choice) {
  const session::Negotiated& n = choice.negotiated;
  const wire::PeerInfo& info = peer.association.active().peer_info();
  peer.push_list = peer.plan.push;
  if (n.data_v2) peer.push_list.push_back(fmt::format("peer-id {}", n.peer_id));
  if (std::string token = next_token(peer); !token.empty()) {
    peer.push_list.push_back(std::move(token));
  }
  if (choice.push_cipher) peer.push_list.push_back("cipher " + n.cipher);
  if (info.offers(wire::proto_cc_exit)) {
    std::string flags = "protocol-flags cc-exit";
    if (n.key_export) flags += " tls-ekm";
    if (n.dyn_tls_crypt) flags += " dyn-tls-crypt";
    if (n.epoch) flags += " aead-epoch";
    peer.push_list.push_back(std::move(flags));
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

// A client cannot know how narrow its way to us is; what was found out when it, or another from
// there, was here before saves it the packets that are not TCP.
unsigned Server::tun_mtu_for(const ServerPeer& peer, const session::Negotiated& negotiated) const {
  constexpr unsigned least_v4 = 576, least_v6 = 1280;  // with less the kernel takes no address
  const FrameFacts facts = frame_facts(peer);
  const unsigned mtu = tun_mtu_to_push(negotiated, setup_.config.channel, facts, setup_.mtu);
  const unsigned narrow = narrow_paths_.find(peer.address.remote.address).down;
  if (!setup_.mtu.automatic || narrow == 0) return mtu;
  const session::Frame frame = make_frame(&negotiated, setup_.config.channel, facts);
  const unsigned room = session::outer_room(frame, narrow);
  return std::min(mtu, std::max(room, peer.plan.v6 ? least_v6 : least_v4));
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

options::Compression Server::compression_for(const ServerPeer& peer) const {
  const options::Compression ours = setup_.config.channel.compression;
  return ours == options::Compression::migrate ? migrated(peer.association.active()) : ours;
}

FrameFacts Server::frame_facts(const ServerPeer& peer) const {
  FrameFacts facts;
  facts.compression = compression_for(peer);
  facts.tcp = peer.address.stream != 0;
  facts.outer_v6 = peer.address.remote.address.is_v6();
  facts.fragment = setup_.mtu.fragment.has_value();
  return facts;
}

// The client may not have its keys yet: it is heard first.
void Server::start_path(ServerPeer& peer) {
  const auto& negotiated = peer.association.active().negotiated();
  if (!negotiated || peer.address.stream != 0) return;
  session::PathMtu::Setup setup;
  setup.frame = make_frame(&*negotiated, setup_.config.channel, frame_facts(peer));
  setup.tun_mtu = setup_.mtu.tun_mtu;
  setup.known = narrow_paths_.find(peer.address.remote.address);
  setup.echo_mark = around_.rng.number();
  add_echo_way(setup.echo_ways, setup_.facts.local4, peer.plan.v4);
  if (!setup_.config.device.block_ipv6) {
    add_echo_way(setup.echo_ways, setup_.facts.local6, peer.plan.v6);
  }
  peer.path.start(setup_.mtu, setup, around_.plane, peer.index, now_);
  set_plane_peer(peer);
}

void Server::run_path(ServerPeer& peer) {
  if (!peer.path.run(around_.plane, peer.index, now_)) return;
  const session::PathMtu& finder = peer.path.finder();
  if (finder.found().down != 0) narrow_paths_.note(peer.address.remote.address, finder);
  tell_path(peer.log, set_plane_peer(peer), peer.path.finder());
}

plane::PeerSpec Server::set_plane_peer(ServerPeer& peer) {
  plane::PeerSpec spec;
  spec.address = peer.address;
  spec.may_float = peer.address.stream == 0;
  spec.check_source = true;
  const auto& negotiated = peer.association.active().negotiated();
  spec.by_address = negotiated && !negotiated->data_v2;
  const session::Negotiated* terms = negotiated ? &*negotiated : nullptr;
  const session::Frame frame =
      fit_packets(spec, terms, setup_.config.channel, frame_facts(peer), setup_.mtu);
  fit_path(spec, frame, setup_.mtu, peer.path.finder());
  around_.plane.set_peer(peer.index, spec);
  return spec;
}

void Server::remove(plane::PeerIndex index, std::string_view signal, std::string_view text) {
  ServerPeer* peer = find(index);
  if (peer == nullptr) return;
  const std::string what =
      signal == "SIGUSR1" ? "client-instance restarting" : "client-instance exiting";
  peer->log.info(1, "{}", lines::signal_received(signal, false, text, what));
  forget(*peer);
}

void Server::close() {
  while (!peers_.empty()) forget(*peers_.begin()->second);
}

// Before its addresses are: once, as soon as it leaves.
void Server::tell_gone(ServerPeer& peer) {
  const Hooks::Occasion gone{ports::PluginEvent::client_disconnect, "client-disconnect",
                             setup_.config.scripts.client_disconnect};
  if (!peer.let_in || std::exchange(peer.told_gone, true) || !hooks_.wanted(gone)) return;
  Environment env = client_environment(peer);
  env.merge(traffic_environment(peer));
  hooks_.tell_in_order(gone, env, {},
                       {.subjects = subjects_of(peer), .keeps_books = true, .log = peer.log},
                       plugin_context(peer), [](bool) {});
}

void Server::forget(ServerPeer& peer) {
  const plane::PeerIndex index = peer.index;
  tell_gone(peer);
  hooks_.plugins().forget_client(plugin_context(peer));
  if (peer.phase == ServerPeer::Phase::up) unlearn(peer);
  if (peer.managed.told) note_about(peer, ServerNews::Kind::disconnect);
  if (peer.plan.slot) pool_.release(*peer.plan.slot, now_);
  around_.plane.remove_peer(index);
  if (peer.address.stream != 0) around_.link.close_stream(peer.address.stream);
  const auto at = by_address_.find(peer.address);
  if (at != by_address_.end() && at->second == index) by_address_.erase(at);
  timers_.erase({peer.scheduled.at, index});
  peers_.erase(index);
  all_used_below_ = std::min(all_used_below_, index);
}

void Server::write_status(WallTime wall) {
  const options::Logging& logging = setup_.config.logging;
  next_status_ = now_ + logging.status_interval;
  if (logging.status_file.empty()) return;
  const std::string text = render_server_status(status(wall), logging.status_version);
  if (Status written = around_.store.rewrite(logging.status_file, text); !written) {
    log_.warn("status: {}", written.error().text());
  }
}

void Server::write_pool() {
  const options::Server& server = setup_.config.server;
  next_pool_write_ = now_ + std::max(server.pool_persist_interval, options::Seconds(1));
  if (server.pool_persist.empty() || server.pool_persist_interval.count() == 0) return;
  if (Status written = around_.store.rewrite(server.pool_persist, pool_.render()); !written) {
    log_.warn("ifconfig-pool-persist: {}", written.error().text());
  }
}

}  // namespace adit::node
