// A server with a tap device: which network cards are behind which client.

#include "ip/ethernet.h"
#include "node/lines.h"
#include "node/server.h"

namespace adit::node {

namespace {
constexpr Duration quota_interval = std::chrono::minutes(1);
}

std::uint16_t Server::vlan_of(const ServerPeer& peer) const {
  const options::Vlan& vlan = setup_.config.server.vlan;
  return vlan.tagging ? peer.profile.vlan_pvid.value_or(vlan.pvid) : std::uint16_t{0};
}

// The lanes do not know its sender, or not there.
void Server::take_frame(ServerPeer& peer, Bytes frame) {
  const auto header = ip::look_at_frame(frame);
  if (!header || !has_tap() || peer.phase != ServerPeer::Phase::up) return;
  const plane::Station station{header->source, vlan_of(peer)};
  if (stations_.owner(station) == peer.index) return stations_.hold(peer.index, frame);
  const Hooks::Occasion add = learning();
  const unsigned quota =
      peer.profile.max_routes.value_or(setup_.config.server.max_routes_per_client);
  const bool asks = hooks_.wanted(add);
  if (asks && stations_.asked(station, peer.index)) return ask_about(peer, station, frame);
  if (stations_.count(peer.index, now_) >= quota) return tell_quota(peer, quota);
  if (asks) return ask_about(peer, station, frame);
  learned(peer, station);
  stations_.hold(peer.index, frame);
}

// Once a minute for each client is enough to be seen.
void Server::tell_quota(ServerPeer& peer, unsigned quota) {
  if (now_ < peer.tell_source_at) return;
  peer.tell_source_at = now_ + quota_interval;
  peer.log.error("{}", lines::route_quota(quota, peer.name()));
}

void Server::ask_about(ServerPeer& peer, const plane::Station& station, Bytes frame) {
  using Question = Stations::Question;
  const bool known = stations_.owner(station).has_value();
  switch (stations_.ask(station, peer.index, frame, now_)) {
    case Question::waiting:
      return;
    case Question::refused:
      tell_bad_source(peer, station.text());
      return;
    case Question::fresh:
      break;
  }
  hooks_.tell_in_order(learning(), client_environment(peer),
                       {known ? "update" : "add", station.text(), peer.common_name},
                       how_to_learn(peer, station.text()), plugin_context(peer),
                       [this, id = peer.client_id, station](bool agreed) {
                         ServerPeer* client = find_client(id);
                         if (client != nullptr) station_decided(*client, station, agreed);
                       });
}

void Server::station_decided(ServerPeer& peer, const plane::Station& station, bool agreed) {
  const auto frame = stations_.answered(station, peer.index, agreed, now_);
  if (!frame) return;
  if (!agreed) return peer.log.error("{}", lines::learn_failed(station.text(), peer.name()));
  learned(peer, station);
  stations_.hold(peer.index, *frame);
  publish_routes();
}

void Server::learned(ServerPeer& peer, const plane::Station& station) {
  stations_.put(station, peer.index, now_);
  peer.log.info(3, "{}", lines::learn(station.text(), peer.name()));
}

void Server::tell_station_gone(const ServerPeer& peer, const plane::Station& station) {
  const Hooks::Occasion gone = learning();
  if (!hooks_.wanted(gone)) return;
  hooks_.tell_in_order(gone, client_environment(peer), {"delete", station.text()},
                       how_to_learn(peer, station.text()), 0, [](bool) {});
}

void Server::forget_stations(const ServerPeer& peer) {
  for (const plane::Station& station : stations_.remove(peer.index)) {
    tell_station_gone(peer, station);
  }
}

void Server::forget_stale_stations() {
  for (const auto& [station, client] : stations_.take_stale(now_)) {
    const ServerPeer& peer = *peers_.at(client);
    peer.log.info(4, "{}", lines::stale_route(station.text()));
    tell_station_gone(peer, station);
  }
}

// A frame that is longer than what is reported is not there to be handed on.
void Server::hand_on_frames() {
  for (const Stations::Held& held : stations_.take_held()) {
    if (held.frame.size() > ip::ethernet_header_bytes) {
      around_.plane.send_frame(held.client, held.frame);
    }
  }
}

}  // namespace adit::node
