// How large packets to each client may be.

#include <algorithm>

#include "node/server.h"

namespace adit::node {

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
  const bool news = peer.path.run(around_.plane, peer.index, now_);
  for (const std::string& line : peer.path.take_lines()) peer.log.info(1, "{}", line);
  if (!news) return;
  const session::PathMtu& finder = peer.path.finder();
  if (finder.found().down != 0) narrow_paths_.note(peer.address.remote.address, finder);
  tell_path(peer.log, set_plane_peer(peer), peer.path.finder());
}

plane::PeerSpec Server::set_plane_peer(ServerPeer& peer) {
  plane::PeerSpec spec;
  spec.address = peer.address;
  spec.may_float = peer.address.stream == 0;
  spec.check_source = true;
  spec.vlan = vlan_of(peer);
  const auto& negotiated = peer.association.active().negotiated();
  spec.by_address = negotiated && !negotiated->data_v2;
  const session::Negotiated* terms = negotiated ? &*negotiated : nullptr;
  const session::Frame frame =
      fit_packets(spec, terms, setup_.config.channel, frame_facts(peer), setup_.mtu);
  fit_path(spec, frame, setup_.mtu, peer.path.finder());
  around_.plane.set_peer(peer.index, spec);
  return spec;
}

}  // namespace adit::node
