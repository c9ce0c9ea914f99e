// Static-key mode: the keys are there from the start, and the peer is known by its first packet.

#include "node/client.h"
#include "node/lines.h"
#include "node/option_mismatch.h"
#include "options/pushed.h"
#include "wire/inside_message.h"

namespace adit::node {

namespace {
constexpr std::uint8_t the_key = 0;
constexpr Duration static_look_interval = std::chrono::milliseconds(100);
}  // namespace

void Client::begin_static() {
  answered_ = true;  // there is no handshake to wait for
  pulled_ = options::pulled_from(setup_.config);
  const options::Channel& channel = setup_.config.channel;
  log_.info(2, "Data Channel: cipher '{}', auth '{}', static key", channel.cipher, channel.auth);
  tell_plane(remote_.value_or(ports::LinkAddress()));
  if (Status installed = install_static_key(); !installed) {
    log_.fatal("secret: {}", installed.error().text());
    return end(Outcome::Next::exit, "SIGTERM", "init-failed", 1);
  }
  if (!setup_.config.client.up_delay && !open_static()) return;
  if (!setup_.config.timers.timer_remote) start_timers(setup_.config.timers);
  next_static_look_ = now_;
  if (remote_) meet_static(*remote_);
}

// What came before a restart of ours is not taken again, where a file remembers it.
Status Client::install_static_key() {
  const std::string& path = setup_.config.channel.replay_persist;
  if (path.empty() || around_.store == nullptr) {
    return around_.plane.install_key(the_peer, *setup_.static_key);
  }
  replay_file_.emplace(path, *around_.store, log_);
  auto window = replay_file_->load();
  if (!window) return fail_with(window.error());
  plane::KeyCarry carry{.key_id = the_key, .seal = {}, .open = {}};
  carry.open.window = std::move(*window);
  return around_.plane.install_key(the_peer, *setup_.static_key, carry, now_);
}

std::uint64_t Client::newest_static_id() const {
  const auto wear = around_.plane.wear(the_peer, the_key);
  return wear ? wear->newest_long_id : 0;
}

void Client::close() {
  if (replay_file_) replay_file_->keep(newest_static_id());
}

// The device, and its routes unless "route-delay" keeps them for later. False: it has ended.
bool Client::open_static() {
  const options::Routes& routes = setup_.config.routes;
  if (!bring_up(setup_.config.device, routes, setup_.mtu.tun_mtu)) return false;
  if (routes.delay) return true;
  add_routes(setup_.config.device, routes);
  set_names(pulled_);
  return true;
}

// The peer's address is known: from now on we send.
void Client::meet_static(const ports::LinkAddress& from) {
  remote_ = from;
  set_plane_peer();
  around_.plane.use_key(the_peer, the_key);
  if (setup_.config.timers.timer_remote) start_timers(setup_.config.timers);
  occ_requests_.start(now_);
}

void Client::watch_static() {
  if (occ_requests_.due(now_)) {
    around_.plane.send_payload(the_peer, wire::encode_occ(wire::OccType::request));
  }
  if (replay_file_) replay_file_->tick(newest_static_id(), now_);
  if (next_static_look_ > now_) return;
  next_static_look_ = now_ + static_look_interval;
  // The lanes count a first packet before its report of the peer's address is read here.
  if (!remote_ || around_.plane.traffic(the_peer).received_packets == 0) return;
  next_static_look_ = Instant::max();
  log_.info(1, "{}", lines::peer_connected(peer_name_, remote_->remote));
  tell_address();
  const options::Config& config = setup_.config;
  if (config.client.up_delay && !open_static()) return;
  config.routes.delay ? settle() : complete();
}

void Client::take_static_reply(Bytes options) {
  const std::string_view text = as_text(options);
  occ_requests_.stop();
  tell_mismatches({setup_.session.options, text.substr(0, text.find('\0'))}, log_);
}

}  // namespace adit::node
