// What the lanes report to the server, apart from control packets.

#include "node/lines.h"
#include "node/server.h"
#include "node/server_hints.h"
#include "wire/inside_message.h"

namespace adit::node {

namespace {
constexpr Duration bad_source_interval = std::chrono::minutes(1);
}

void Server::take(const plane::Report& report, MutableBytes bytes) {
  using Kind = plane::Report::Kind;
  if (report.kind == Kind::control_packet) return take_datagram(report.from, bytes);
  if (report.kind == Kind::too_large) return take_too_large(report.from.remote, bytes);
  if (report.kind == Kind::not_reached) {
    return log_.mutable_error(lines::mute_class_of_links, "{}",
                              lines::not_reached(report.from.remote, bytes));
  }
  ServerPeer* peer = report.peer != plane::no_peer ? find(report.peer) : find(report.from);
  if (peer == nullptr) return;
  // Late, of one whose number somebody else has by now.
  const bool of_link = report.kind == Kind::payload || report.kind == Kind::stream_fault;
  if (of_link && !peer->address.same_peer(report.from)) return;
  switch (report.kind) {
    case Kind::payload:
      return take_payload(*peer, bytes);
    case Kind::moved:
      return consider_move(*peer, report.from);
    case Kind::stream_closed:
      peer->log.info(1, "{}", lines::connection_reset);
      leave_soon(*peer, "SIGUSR1", "connection-reset");
      peer->leave_at = now_;
      return serve(*peer);
    case Kind::stream_fault:
      peer->log.error("{}", lines::stream_out_of_step);
      leave_soon(*peer, "SIGUSR1", "decryption-error");
      peer->leave_at = now_;
      return serve(*peer);
    case Kind::bad_source:
      return tell_bad_source(*peer, ip::Address::from_bytes(bytes));
    case Kind::frame:
      return take_frame(*peer, bytes);
    case Kind::echo:
      peer->path.echoed(bytes, now_);
      run_path(*peer);
      return schedule(*peer);
    case Kind::heard:
      peer->path.heard(now_);
      run_path(*peer);
      return schedule(*peer);
    case Kind::flow:
      return peer->path.tell_sender(around_.plane, peer->index, bytes);
    case Kind::control_packet:
    case Kind::too_large:
    case Kind::not_reached:
    case Kind::recursive:
    case Kind::dhcp_router:
      return;
  }
}

// The kernel's own refusals name no port.
void Server::take_too_large(const ip::Endpoint& to, Bytes mtu) {
  for (const auto& [index, peer] : peers_) {
    const ip::Endpoint& at = peer->address.remote;
    if (at.address != to.address || (to.port != 0 && at.port != to.port)) continue;
    peer->path.too_large(mtu, peer->log, now_);
    run_path(*peer);
    schedule(*peer);
  }
}

// Once a minute for each client is enough to be seen.
void Server::tell_bad_source(ServerPeer& peer, const ip::Address& source) {
  if (!tell_bad_source(peer, source.text())) return;
  peer.log.info(2, "{}", advice_on_source(setup_.config, peer.common_name, source));
}

// False: it was not long ago.
bool Server::tell_bad_source(ServerPeer& peer, const std::string& source) {
  constexpr int stock_says_it_at = 4;
  const bool again = now_ < peer.tell_source_at;
  peer.log.info(again ? stock_says_it_at : 2, "{}", lines::bad_source(source));
  if (!again) peer.tell_source_at = now_ + bad_source_interval;
  return !again;
}

void Server::take_payload(ServerPeer& peer, Bytes payload) {
  const auto message = wire::decode_occ(payload);
  if (!message) return;
  if (message->type == static_cast<std::uint8_t>(wire::OccType::exit)) {
    leave_soon(peer, "SIGTERM", "remote-exit");
    peer.leave_at = now_;
    return serve(peer);
  }
  const auto& negotiated = peer.association.active().negotiated();
  const session::Frame frame =
      make_frame(negotiated ? &*negotiated : nullptr, setup_.config.channel, frame_facts(peer));
  const auto answer =
      peer.path.hear(payload, frame, setup_.session_for(peer.address).options, now_);
  if (answer) around_.plane.send_payload(peer.index, *answer);
  run_path(peer);
  schedule(peer);
}

// An authentic data packet came from elsewhere: the peer follows, unless the address is another's.
void Server::consider_move(ServerPeer& peer, const ports::LinkAddress& to) {
  around_.plane.float_decided(peer.index);
  if (peer.address.same_peer(to) || peer.phase != ServerPeer::Phase::up) return;
  if (ServerPeer* other = find(to); other != nullptr && other != &peer) {
    const bool same = other->identity.own() != nullptr && peer.identity.own() != nullptr &&
                      other->identity.own()->sha256 == peer.identity.own()->sha256 &&
                      other->username == peer.username;
    if (!same) {
      peer.log.info(2, "disallow float to an address taken by another client {}", to.remote.text());
      return;
    }
    peer.log.info(2, "closing instance {} due to float collision", other->name());
    remove(other->index, "SIGTERM", "float-collision");
  }
  log_.info(2, "{}", lines::floated(peer.index, peer.common_name, peer.address.remote, to.remote));
  by_address_.erase(peer.address);
  peer.address = to;
  by_address_[to] = peer.index;
  peer.log = log_.with_prefix(peer.name() + " ");
  start_path(peer);
  schedule(peer);
}

}  // namespace adit::node
