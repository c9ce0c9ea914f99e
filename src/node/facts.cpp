// What servers and clients tell of themselves.

#include "node/client.h"
#include "node/server.h"

namespace adit::node {

namespace {

const char* name_of(ServerPeer::Phase phase) {
  switch (phase) {
    case ServerPeer::Phase::handshake:
      return "handshake";
    case ServerPeer::Phase::connecting:
      return "connecting";
    case ServerPeer::Phase::up:
      return "up";
    case ServerPeer::Phase::leaving:
      break;
  }
  return "leaving";
}

// What the data plane knows of a peer.
void fill_traffic(PeerFacts& facts, const plane::DataPlane& plane, plane::PeerIndex index) {
  const plane::PeerTraffic traffic = plane.traffic(index);
  facts.packets_received = traffic.received_packets;
  facts.packets_sent = traffic.sent_packets;
  facts.bytes_received += traffic.received_link_bytes;
  facts.bytes_sent += traffic.sent_link_bytes;
  facts.drops = plane.drops(index);
  facts.disorder = plane.disorder(index);
}

void fill_plane(InstanceFacts& facts, const plane::DataPlane& plane, const ports::LinkPort& link) {
  facts.drops = plane.drops();
  facts.lanes = plane.lane_facts();
  facts.link = link.offloads();
}

// "fd00::2/64" names a host.
std::string host_part(const std::string& address) { return address.substr(0, address.find('/')); }

MtuFacts facts_of_path(MtuFacts facts, const session::PathMtu& finder) {
  facts.path_to_peer = finder.found().up;
  facts.path_from_peer = finder.found().down;
  if (facts.path_to_peer != 0) facts.path_found_by = how_found(finder);
  return facts;
}

void fill_session(PeerFacts& facts, const session::Session& session) {
  if (session.negotiated()) facts.cipher = session.negotiated()->cipher;
}

}  // namespace

MtuFacts Server::mtu_facts(const ServerPeer& peer) const {
  return facts_of_path({setup_.mtu.tun_mtu, "configured"}, peer.path.finder());
}

PeerFacts Server::facts_of(const ServerPeer& peer) const {
  PeerFacts facts;
  facts.name = peer.common_name;
  facts.state = name_of(peer.phase);
  facts.real_address = peer.address.remote.text();
  for (const auto& address : {peer.plan.v4, peer.plan.v6}) {
    if (address) facts.virtual_addresses.push_back(address->text());
  }
  for (const ip::Prefix& network : peer.plan.iroutes) {
    facts.virtual_addresses.push_back(network.text());
  }
  for (const plane::Station& station : stations_.behind(peer.index)) {
    facts.virtual_addresses.push_back(station.text());
  }
  facts.username = peer.username;
  facts.connected = peer.connected;
  facts.bytes_received = peer.control_bytes_received;
  facts.bytes_sent = peer.control_bytes_sent;
  fill_traffic(facts, around_.plane, peer.index);
  fill_session(facts, peer.association.active());
  facts.mtu = mtu_facts(peer);
  return facts;
}

InstanceFacts Server::facts() const {
  InstanceFacts facts;
  facts.role = "server";
  facts.state = "up";
  facts.replay_window = replay_limits(setup_.config.channel).packets;
  fill_plane(facts, around_.plane, around_.link);
  for (const auto& [index, peer] : peers_) facts.peers.push_back(facts_of(*peer));
  return facts;
}

MtuFacts Client::mtu_facts() const {
  MtuFacts facts{setup_.mtu.tun_mtu, "configured"};
  if (pulled_.tun_mtu) facts = {*pulled_.tun_mtu, "pushed by the server"};
  return facts_of_path(std::move(facts), path_.finder());
}

PeerFacts Client::peer_facts() const {
  PeerFacts facts;
  facts.name = peer_name_;
  facts.state = up_ ? "up" : "handshake";
  facts.real_address = remote_->remote.text();
  const options::Device& device = this->device();
  if (up_ && device.ifconfig) facts.virtual_addresses.push_back(device.ifconfig->first);
  if (up_ && device.ifconfig_ipv6) {
    facts.virtual_addresses.push_back(host_part(device.ifconfig_ipv6->first));
  }
  facts.connected = established_;
  facts.bytes_received = control_bytes_received_;
  facts.bytes_sent = control_bytes_sent_;
  fill_traffic(facts, around_.plane, the_peer);
  if (association_) fill_session(facts, association_->active());
  if (setup_.static_key) facts.cipher = setup_.config.channel.cipher;
  facts.mtu = mtu_facts();
  return facts;
}

InstanceFacts Client::facts() const {
  InstanceFacts facts;
  facts.role = setup_.config.client.pull ? "client" : "point-to-point";
  facts.state = up_ ? "up" : "connecting";
  facts.replay_window = replay_limits(setup_.config.channel).packets;
  fill_plane(facts, around_.plane, around_.link);
  if (remote_ && (association_ || setup_.static_key)) facts.peers.push_back(peer_facts());
  return facts;
}

}  // namespace adit::node
