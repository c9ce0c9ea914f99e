#include "plane/up_lane.h"

#include <algorithm>

#include "ip/congestion.h"
#include "ip/icmpv6_error.h"
#include "ip/inner_packet.h"

namespace adit::plane {

namespace {

// As stock counts them: without options, and a TCP segment for each packet.
std::size_t outer_header_bytes(const ports::LinkAddress& to) {
  const bool tcp = to.stream != 0;
  return (to.remote.address.is_v4() ? 20u : 40u) + (tcp ? 20u : 8u);
}

}  // namespace

UpLane::UpLane(const Surroundings& around)
    : around_(around),
      receivers_(around.tables),
      pool_(around.setup.largest_packet),
      spare_(around.setup.largest_packet) {
  pending_.reserve(batch_packets);
  run_.reserve(2 * batch_packets);  // whole packets and pieces
  run_inside_.reserve(2 * batch_packets);
  outgoing_.reserve(2 * batch_packets);
  if (around.setup.compress) {
    compressor_ = std::make_unique<wire::Compressor>(around.setup.largest_packet);
  }
  if (around.setup.fragments) pieces_ = std::make_unique<PacketPool>(around.setup.largest_packet);
}

std::size_t UpLane::turn(Instant now, WallTime wall) {
  now_ = now;
  unix_ = static_cast<std::uint32_t>(wall.seconds);
  shaper_.set_rate(rate_.load(std::memory_order_relaxed));
  around_.reader.here();
  std::size_t work = take_orders();
  work += take_handoffs();
  work += take_tun();
  around_.reader.away();
  around_.other_lanes.ring();
  board_.publish(drops_);
  meter_.turns.batch(work);
  return work;
}

std::size_t UpLane::take_orders() {
  std::size_t count = 0;
  for (; count < batch_packets; ++count) {
    const auto order = around_.orders.front();
    if (!order) break;
    Packet& packet = pool_[count];
    packet.assign(order->bytes, front_room);
    if (order->head.kind == Order::Kind::datagram) {
      outgoing_.push_back({&packet, order->head.to});
    } else if (order->head.kind == Order::Kind::frame) {
      forward_frame(packet, order->head.peer);
    } else if (const PeerSlot* peer = around_.tables.peer(order->head.peer)) {
      enqueue(packet, peer, 0);
    }
    around_.orders.pop();
  }
  if (count > 0) flush();
  return count;
}

std::size_t UpLane::take_handoffs() {
  std::size_t count = 0;
  for (; count < batch_packets; ++count) {
    const auto handoff = around_.handoffs.front();
    if (!handoff) break;
    Packet& packet = pool_[count];
    packet.assign(handoff->bytes, front_room);
    if (const PeerSlot* peer = around_.tables.peer(handoff->head.to)) {
      send_inside(packet, *peer, handoff->head.from_tun ? Origin::tun : Origin::peer);
    } else {
      drops_.add(Drop::unknown_peer);
    }
    around_.handoffs.pop();
  }
  if (count > 0) flush();
  return count;
}

std::size_t UpLane::take_tun() {
  answers_left_ = answers_per_turn;
  // What may not go yet stays in the tun's queue, where the kernel drops what is too much.
  const std::size_t most = shaper_.packets(now_, batch_packets);
  if (most == 0) return 0;
  const std::size_t count = around_.tun.read(pool_.packets().first(most), front_room);
  on_link_ = 0;
  receivers_.begin_turn();
  const std::size_t lost = ease_backlog(pool_.packets().first(count));
  for (std::size_t i = 0; i < count; ++i) {
    if (i != lost) route(pool_[i]);
  }
  flush();
  shaper_.spend(on_link_, now_);
  return count;
}

// Where too much waits, the first full segment of TCP tells its sender, marked or lost. Returns
// which goes no further.
std::size_t UpLane::ease_backlog(std::span<Packet> packets) {
  constexpr std::size_t none = SIZE_MAX;
  std::size_t bytes = 0;
  for (const Packet& packet : packets) bytes += packet.size();
  if (!backlog_.after_read(bytes, now_)) return none;
  for (std::size_t i = 0; i < packets.size(); ++i) {
    const ip::Signal signal = ip::signal_congestion(ip_packet_in(packets[i]));
    if (signal == ip::Signal::none) continue;
    if (signal == ip::Signal::marked) return none;
    drops_.add(Drop::queue_full);
    return i;
  }
  return none;
}

// Our own outer packets would go round in a circle.
bool UpLane::circles(Bytes packet, const ip::Address& destination) {
  const auto& outer = around_.tables.inside().outer;
  if (!outer || !carries_tunnel(*outer, packet, destination)) return false;
  drops_.add(Drop::blocked);
  static_cast<void>(around_.reports.push({Report::Kind::recursive, 0, {}}, {}));
  return true;
}

void UpLane::route(Packet& packet) {
  if (around_.setup.ethernet) return route_frame(packet);
  const auto inner = ip::look(packet.bytes());
  if (!inner) return drops_.add(Drop::malformed);
  const bool no_v6 = around_.tables.inside().block_ipv6;
  if (no_v6 && inner->source.is_v6() && answered_block_ipv6(packet)) return;
  if (!around_.setup.server) return leave_client(packet, inner->destination);
  if (inner->destination.is_multicast()) return broadcast(packet, no_peer);
  const PeerSlot* peer = around_.tables.peer(receivers_.behind(inner->destination));
  if (peer == nullptr) return drops_.add(Drop::no_route);
  send_inside(packet, *peer, Origin::tun);
}

void UpLane::leave_client(Packet& packet, const ip::Address& destination) {
  if (circles(packet.bytes(), destination)) return;
  const InsideRules& rules = around_.tables.inside();
  if (!rules.swaps.empty()) ip::swap_addresses(packet.writable(), rules.swaps, ip::Way::out);
  const PeerSlot* peer = around_.tables.peer(0);
  return peer != nullptr ? send_inside(packet, *peer, Origin::tun) : drops_.add(Drop::unknown_peer);
}

void UpLane::broadcast(const Packet& packet, PeerIndex except, std::uint16_t vlan) {
  flush();
  std::size_t used = 0;
  for (PeerIndex index = 0; index < around_.tables.end(); ++index) {
    const PeerSlot* peer = around_.tables.peer(index);
    if (peer == nullptr || index == except || peer->vlan != vlan) continue;
    if (peer->lane != around_.lane) {
      hand_over(packet, *peer, Origin::tun);
      continue;
    }
    if (is_too_big(packet, *peer)) {
      flush();
      used = 0;
      send_too_big(packet, *peer, Origin::tun);
      continue;
    }
    spare_[used].assign(packet.bytes(), front_room);
    enqueue(spare_[used], peer, packet.size());
    if (++used < batch_packets) continue;
    flush();
    used = 0;
  }
  flush();
}

bool UpLane::answered_block_ipv6(const Packet& packet) {
  Packet& answer = spare_[0];
  const MutableBytes room = answer.landing(front_room);
  const std::size_t size = ip::icmpv6_error(ip::Icmpv6Error::no_route, 0, packet.bytes(),
                                            around_.setup.ipv6_answer_from, room);
  drops_.add(Drop::blocked);
  if (size == 0) return true;
  answer.set_size(size);
  Packet* const answers[] = {&answer};
  around_.tun.write(answers, drops_);
  return true;
}

void UpLane::send_inside(Packet& packet, const PeerSlot& peer, Origin origin) {
  if (peer.lane != around_.lane) return hand_over(packet, peer, origin);
  if (is_too_big(packet, peer)) return send_too_big(packet, peer, origin);
  enqueue(packet, &peer, packet.size());
}

void UpLane::hand_over(const Packet& packet, const PeerSlot& peer, Origin origin) {
  const Handoff handoff{peer.index, origin == Origin::tun};
  if (!around_.other_lanes.push(peer.lane, handoff, packet.bytes(), peer.index)) {
    drops_.add(Drop::queue_full);
  }
}

void UpLane::enqueue(Packet& packet, const PeerSlot* peer, std::size_t inside_bytes) {
  pending_.push_back({&packet, peer, inside_bytes});
}

// Consecutive packets of one peer are sealed together; the order of the batch is kept.
void UpLane::flush() {
  for (std::size_t begin = 0; begin < pending_.size();) {
    std::size_t end = begin + 1;
    while (end < pending_.size() && pending_[end].peer == pending_[begin].peer) ++end;
    prepare_run(std::span(pending_).subspan(begin, end - begin));
    begin = end;
  }
  pending_.clear();
  write_out();
}

void UpLane::write_out() {
  if (!outgoing_.empty()) around_.link.write(outgoing_, drops_);
  outgoing_.clear();
  pieces_used_ = 0;
}

void UpLane::prepare_run(std::span<Pending> run) {
  const PeerSlot& peer = *run.front().peer;
  if (peer.send == nullptr) {
    for (std::size_t i = 0; i < run.size(); ++i) drops_.add(Drop::no_key);
    return;
  }
  for (const Pending& pending : run) {
    const MutableBytes inner = ip_packet_in(*pending.packet);
    ip::clamp_mss(inner, peer.mss);
    Inside inside{pending.inside_bytes, 0};
    if (around_.setup.pass_tos && inside.bytes > 0 && !inner.empty()) {
      inside.tos = outer_tos(inner, peer);
    }
    if (peer.compress) {
      compressor_->frame(peer.framing, *pending.packet);
    } else {
      wire::frame_uncompressed(peer.framing, *pending.packet);
    }
    if (peer.fragments != nullptr) {
      cut(*pending.packet, peer, inside);
    } else {
      run_.push_back(pending.packet);
      run_inside_.push_back(inside);
    }
  }
  seal_run(peer);
}

MutableBytes UpLane::ip_packet_in(Packet& packet) const {
  return around_.setup.ethernet ? ip::ip_packet_of(packet.writable()) : packet.writable();
}

// IPv4 in IPv4 is as stock does it, with the bits of ECN: harmful, for what a router says with them
// ends with the outer packet, and the sender inside never slows down (RFC 6040). Stock gives other
// packets the TOS of the last one inside that was IPv4, and none to outer IPv6; here it is theirs.
std::uint8_t UpLane::outer_tos(Bytes inner, const PeerSlot& peer) const {
  constexpr std::uint8_t without_ecn = 0xFC;
  const bool as_stock = inner[0] >> 4 == 4 && peer.address.remote.address.is_v4();
  const std::uint8_t own = ip::traffic_class(inner);
  return as_stock ? own : own & without_ecn;
}

void UpLane::add_piece(Packet& piece, const wire::FragmentHeader& header, Inside inside) {
  store_u32(piece.prepend(wire::fragment_header_bytes), wire::encode_fragment_header(header));
  run_.push_back(&piece);
  run_inside_.push_back(inside);
}

void UpLane::cut(Packet& packet, const PeerSlot& peer, Inside inside) {
  using Type = wire::FragmentHeader::Type;
  const auto plan = plan_fragments(packet.size(), peer.fragment_most);
  if (!plan) return drops_.add(Drop::too_big);
  if (plan->count == 1) return add_piece(packet, {}, inside);
  if (pieces_used_ + plan->count > batch_packets) {
    seal_run(peer);
    write_out();
  }
  const std::uint8_t sequence = ++peer.fragments->sequence;
  const auto part_of = [&](std::size_t number) {
    const std::size_t at = number * plan->size;
    return packet.bytes().subspan(at, std::min(plan->size, packet.size() - at));
  };
  for (std::size_t number = 0; number < plan->count; ++number) {
    Packet& piece = (*pieces_)[pieces_used_++];
    piece.assign(part_of(number), front_room);
    const bool last = number + 1 == plan->count;
    add_piece(piece,
              {last ? Type::last : Type::part, sequence, static_cast<std::uint8_t>(number),
               static_cast<std::uint32_t>(plan->size)},
              {number == 0 ? inside.bytes : 0, inside.tos});
  }
}

// Seals what is prepared for one peer.
void UpLane::seal_run(const PeerSlot& peer) {
  if (run_.empty()) return;
  SendKey* key = peer.send.get();
  if (key->epoch) key->sealer->raise_epoch(key->meter->peer_epoch.load(std::memory_order_relaxed));
  const std::size_t sealed = key->sealer->seal(run_, unix_);
  for (std::size_t i = sealed; i < run_.size(); ++i) drops_.add(Drop::key_exhausted);
  std::uint64_t inside = 0;
  std::uint64_t on_link = 0;
  for (std::size_t i = 0; i < sealed; ++i) {
    inside += run_inside_[i].bytes;
    on_link += run_[i]->size();
    outgoing_.push_back({run_[i], peer.address, run_inside_[i].tos});
  }
  run_.clear();
  run_inside_.clear();
  const crypto::SealState state = key->sealer->state();
  key->meter->next_packet_id.set(state.next_packet_id);
  key->meter->sealed_blocks.set(state.blocks);
  key->meter->send_epoch.set(state.epoch);
  key->meter->sent_bytes.add(on_link);
  meter_.link_bytes.add(on_link);
  peer.meter->sent.packets.add(sealed);
  peer.meter->sent.link_bytes.add(on_link);
  peer.meter->sent.inside_bytes.add(inside);
  if (sealed > 0) peer.meter->sent.last.set(now_);
  on_link_ += on_link + sealed * outer_header_bytes(peer.address);
}

}  // namespace adit::plane
