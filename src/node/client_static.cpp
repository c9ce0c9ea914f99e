// Static-key mode: the keys are there from the start, and the peer is known by its first packet.

#include "node/client.h"
#include "node/lines.h"
#include "node/option_mismatch.h"
#include "options/pushed.h"
#include "wire/inside_message.h"

namespace adit::node {

namespace {
constexpr plane::PeerIndex the_peer = 0;
constexpr std::uint8_t the_key = 0;
constexpr Duration look_interval = std::chrono::milliseconds(100);
}  // namespace

void Client::begin_static() {
  answered_ = true;  // there is no handshake to wait for
  pulled_ = options::pulled_from(setup_.config);
  const options::Channel& channel = setup_.config.channel;
  log_.info(2, "Data Channel: cipher '{}', auth '{}', static key", channel.cipher, channel.auth);
  tell_plane(remote_.value_or(ports::LinkAddress()));
  if (Status installed = around_.plane.install_key(the_peer, *setup_.static_key); !installed) {
    log_.fatal("secret: {}", installed.error().text());
    return end(Outcome::Next::exit, "SIGTERM", "init-failed", 1);
  }
  if (!bring_up(setup_.config.device, setup_.config.routes, setup_.mtu.tun_mtu)) return;
  add_routes(setup_.config.device, setup_.config.routes);
  set_names(pulled_);
  if (!setup_.config.timers.timer_remote) start_timers(setup_.config.timers);
  next_static_look_ = now_;
  if (remote_) meet_static(*remote_);
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
  if (next_static_look_ > now_) return;
  next_static_look_ = now_ + look_interval;
  // The lanes count a first packet before its report of the peer's address is read here.
  if (!remote_ || around_.plane.traffic(the_peer).received_packets == 0) return;
  next_static_look_ = Instant::max();
  log_.info(1, "{}", lines::peer_connected(peer_name_, remote_->remote));
  tell_address();
  complete();
}

void Client::take_static_reply(Bytes options) {
  const std::string_view text = as_text(options);
  occ_requests_.stop();
  tell_mismatches({setup_.session.options, text.substr(0, text.find('\0'))}, log_);
}

}  // namespace adit::node
