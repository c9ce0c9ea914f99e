#include "plane/down_lane.h"

#include <algorithm>

#include "ip/acknowledgements.h"
#include "ip/icmpv6_error.h"
#include "ip/inner_packet.h"
#include "wire/control_packet.h"
#include "wire/data_header.h"
#include "wire/inside_message.h"

namespace adit::plane {

namespace {
constexpr Duration bad_source_interval = std::chrono::seconds(1);
}

DownLane::DownLane(const Surroundings& around)
    : around_(around),
      owners_(around.tables),
      pool_(around.setup.largest_packet),
      packets_(pool_.packets().begin(), pool_.packets().end()),
      from_(batch_packets),
      unpacked_(around.setup.largest_packet) {
  arrivals_.reserve(batch_packets);
  openings_.reserve(batch_packets);
  inside_.reserve(batch_packets);
}

std::size_t DownLane::turn(Instant now) {
  now_ = now;
  reported_ = false;
  owners_.begin_turn();
  around_.reader.here();
  const std::size_t count = around_.link.read(packets_, from_, front_room);
  for (std::size_t i = 0; i < count; ++i) sort(i);
  note_fragments(around_.link.in_fragments());
  ask_for_keys();
  for (std::size_t begin = 0; begin < arrivals_.size();) {
    std::size_t end = begin + 1;
    while (end < arrivals_.size() && arrivals_[end].key == arrivals_[begin].key) ++end;
    open_run(std::span(arrivals_).subspan(begin, end - begin));
    begin = end;
  }
  arrivals_.clear();
  write_inside();
  // Only those that were filled: a turn often moves one packet, and then all others are cold.
  std::ranges::copy(pool_.packets().first(count), packets_.begin());
  around_.reader.away();
  report_closed_streams();
  tell_too_large();
  tell_not_reached();
  if (flows_asked_.load(std::memory_order_relaxed) != 0) tell_flows();
  if (reported_) around_.control.ring();
  around_.up_lanes.ring();
  board_.publish(drops_);
  meter_.turns.batch(count);
  return count + closed_count_;
}

void DownLane::write_inside() {
  if (inside_.empty()) return;
  if (around_.setup.latest_acknowledgements) {
    const std::size_t kept = ip::keep_latest_acknowledgements(inside_);
    meter_.replaced.add(inside_.size() - kept);
    inside_.resize(kept);
  }
  around_.tun.write(inside_, drops_);
  inside_.clear();
}

void DownLane::sort(std::size_t at) {
  const Packet& packet = packets_[at];
  if (around_.setup.bare) return sort_data(at, {wire::Opcode::data_v1, 0});
  const auto head = packet.empty() ? std::nullopt : wire::parse_head(packet.data()[0]);
  if (!head) return drops_.add(Drop::unknown_opcode);
  if (wire::is_data(head->opcode)) return sort_data(at, *head);
  if (packet.size() < wire::control_head_bytes) return drops_.add(Drop::malformed);
  report({Report::Kind::control_packet, no_peer, from_[at]}, packet.bytes());
}

const PeerSlot* DownLane::find_peer(std::size_t at, const wire::Head& head) const {
  if (!around_.setup.server) return around_.tables.peer(0);
  if (head.opcode == wire::Opcode::data_v2) {
    const auto header = wire::decode_data_header(packets_[at].bytes());
    if (!header) return nullptr;
    if (header->peer_id != wire::peer_id_none) return around_.tables.peer(header->peer_id);
  }
  const AddressTable& addresses = around_.tables.addresses();
  const auto found = addresses.find(from_[at]);
  return found == addresses.end() ? nullptr : around_.tables.peer(found->second);
}

void DownLane::sort_data(std::size_t at, const wire::Head& head) {
  const PeerSlot* peer = find_peer(at, head);
  if (peer == nullptr || peer->lane != around_.lane) return drops_.add(Drop::unknown_peer);
  const bool elsewhere = !peer->address.same_peer(from_[at]);
  if (elsewhere && (!peer->may_float || from_[at].stream != 0 || peer->address.stream != 0)) {
    return drop(*peer, Drop::wrong_address);
  }
  ReceiveKey* key = peer->receive[head.key_id].get();
  if (key == nullptr) return drop(*peer, Drop::no_key);
  arrivals_.push_back({at, peer, key});
}

// Of many peers none is in the cache: the batch's keys are asked for before the first is needed.
void DownLane::ask_for_keys() const {
  for (std::size_t i = 1; i < arrivals_.size(); ++i) {
    if (arrivals_[i].key != arrivals_[i - 1].key) arrivals_[i].key->opener->prefetch();
  }
}

void DownLane::open_run(std::span<const Arrival> run) {
  openings_.clear();
  std::uint64_t on_link = 0;
  for (const Arrival& arrival : run) {
    openings_.push_back({&packets_[arrival.at], Drop::none});
    on_link += packets_[arrival.at].size();
  }
  ReceiveKey& key = *run.front().key;
  key.opener->open(openings_, now_);
  std::size_t good = 0;
  for (std::size_t i = 0; i < run.size(); ++i) {
    if (openings_[i].verdict != Drop::none) {
      refused(run[i], openings_[i]);
      continue;
    }
    if (openings_[i].behind > 0) run[i].peer->meter->disorder.accepted(openings_[i].behind);
    ++good;
    accept(run[i]);
  }
  if (good == 0) return;
  meter_.link_bytes.add(on_link);
  PeerMeter& meter = *run.front().peer->meter;
  meter.received.packets.add(good);
  if (meter.awaited.load(std::memory_order_relaxed)) {
    report_once(meter.awaited,
                {Report::Kind::heard, run.front().peer->index, run.front().peer->address});
  }
  meter.received.link_bytes.add(on_link);
  meter.received.last.set(now_);
  key.meter->opened_packets.add(good);
  key.meter->received_bytes.add(on_link);
  key.meter->opened_blocks.set(key.opener->blocks());
  if (const std::uint64_t newest = key.opener->newest_long_id(); newest > 0) {
    key.meter->newest_long_id.set(newest);
  }
  if (const std::uint16_t epoch = key.opener->epoch(); epoch > 0) {
    key.meter->peer_epoch.store(epoch, std::memory_order_relaxed);
  }
}

void DownLane::drop(const PeerSlot& peer, Drop reason) {
  drops_.add(reason);
  peer.meter->drops.add(reason);
}

void DownLane::note_fragments(std::span<const std::uint16_t> in_fragments) {
  if (in_fragments.empty()) return;
  for (const Arrival& arrival : arrivals_) {
    if (std::ranges::binary_search(in_fragments, arrival.at)) {
      arrival.peer->meter->disorder.came_in_fragments();
    }
  }
}

// What grows when its framing is taken off must not do so in memory of the link.
void DownLane::make_room(std::size_t at) {
  Packet& roomy = pool_[at];
  if (packets_[at].front_room() >= front_room) return;
  roomy.assign(packets_[at].bytes(), front_room);
  packets_[at] = roomy;
}

void DownLane::refused(const Arrival& arrival, const crypto::Opening& opening) {
  const Drop verdict = opening.verdict;
  const bool replay = verdict == Drop::replayed || verdict == Drop::late;
  drop(*arrival.peer, verdict);
  if (verdict == Drop::bad_tag) arrival.key->meter->failed.add(1);
  if (replay) arrival.peer->meter->disorder.refused(verdict, opening.id, opening.behind);
  const ports::LinkAddress& from = from_[arrival.at];
  if (from.stream != 0 && (verdict == Drop::bad_tag || replay)) {
    report({Report::Kind::stream_fault, arrival.peer->index, from}, {});
  }
}

void DownLane::accept(const Arrival& arrival) {
  const PeerSlot& peer = *arrival.peer;
  Packet& packet = packets_[arrival.at];
  if (!peer.address.same_peer(from_[arrival.at]) &&
      peer.meter->float_untold.load(std::memory_order_relaxed)) {
    report_once(peer.meter->float_untold, {Report::Kind::moved, peer.index, from_[arrival.at]});
  }
  if (peer.fragments != nullptr || peer.framing != wire::CompressionFraming::none) {
    make_room(arrival.at);
  }
  if (peer.fragments != nullptr) {
    using Verdict = Reassembler::Verdict;
    const Verdict verdict = peer.fragments->in.take(packet, front_room, now_);
    if (verdict == Verdict::refused) drop(peer, Drop::bad_framing);
    if (verdict != Verdict::complete) return;
  }
  const MutableBytes room = peer.decompress ? MutableBytes(unpacked_) : MutableBytes();
  const Drop framing = wire::unframe(peer.framing, packet, room);
  if (framing != Drop::none) return drop(peer, framing);
  if (wire::is_ping(packet.bytes()) || packet.empty()) return;
  if (wire::has_occ_magic(packet.bytes())) {
    report({Report::Kind::payload, peer.index, from_[arrival.at]}, packet.bytes());
    return;
  }
  deliver(arrival, packet);
}

void DownLane::deliver(const Arrival& arrival, Packet& packet) {
  if (around_.setup.ethernet) return deliver_frame(arrival, packet);
  const PeerSlot& peer = *arrival.peer;
  const auto inner = ip::look(packet.bytes());
  if (!inner) return drop(peer, Drop::malformed);
  if (peer.check_source && owners_.behind(inner->source) != peer.index) {
    return refuse_source(arrival, inner->source);
  }
  if (peer.echo_mark != 0 && took_echo(peer, packet.bytes())) return;
  const InsideRules& rules = around_.tables.inside();
  if (rules.block_ipv6 && inner->source.is_v6()) return refuse_v6(peer, packet.bytes());
  if (!rules.swaps.empty()) ip::swap_addresses(packet.writable(), rules.swaps, ip::Way::in);
  if (packet.size() > LargeFlows::worth_noting && peer.note_flows) {
    flows_.note(peer.index, packet.bytes());
  }
  peer.meter->received.inside_bytes.add(packet.size());
  ip::clamp_mss(packet.writable(), peer.mss);
  if (for_other_client(arrival, packet, inner->destination)) return;
  inside_.push_back(&packet);
}

void DownLane::refuse_source(const Arrival& arrival, const ip::Address& source) {
  drop(*arrival.peer, Drop::bad_source);
  const bool everyday = source.is_link_local() || source.is_unspecified();
  if (everyday || last_bad_source_ + bad_source_interval > now_) return;
  last_bad_source_ = now_;
  report({Report::Kind::bad_source, arrival.peer->index, from_[arrival.at]}, source.bytes());
}

// A server tells its client, which may think that IPv6 works; a client tells nobody.
void DownLane::refuse_v6(const PeerSlot& peer, Bytes packet) {
  drop(peer, Drop::blocked);
  if (!around_.setup.server) return;
  const MutableBytes room =
      MutableBytes(answer_).first(std::min(answer_.size(), around_.setup.largest_packet));
  const std::size_t size =
      ip::icmpv6_error(ip::Icmpv6Error::no_route, 0, packet, around_.setup.ipv6_answer_from, room);
  const Bytes answer = room.first(size);
  if (size == 0 || around_.up_lanes.push(peer.lane, {peer.index, false}, answer, peer.index))
    return;
  drops_.add(Drop::queue_full);
}

// client-to-client: unicast for another client goes to it alone, multicast to all and inside.
bool DownLane::for_other_client(const Arrival& arrival, const Packet& packet,
                                const ip::Address& to) {
  if (!around_.tables.clients_meet()) return false;
  if (to.is_multicast()) {
    for (PeerIndex index = 0; index < around_.tables.end(); ++index) {
      const PeerSlot* other = around_.tables.peer(index);
      if (other != nullptr && index != arrival.peer->index) {
        hand_off(packet, *other, arrival.peer->index);
      }
    }
    return false;
  }
  const PeerIndex* other = around_.tables.routes().peers.find(to);
  if (other == nullptr || *other == arrival.peer->index) return false;
  const PeerSlot* peer = around_.tables.peer(*other);
  if (peer != nullptr) {
    hand_off(packet, *peer, arrival.peer->index);
  } else {
    drops_.add(Drop::unknown_peer);
  }
  return true;
}

void DownLane::hand_off(const Packet& packet, const PeerSlot& to, PeerIndex from) {
  if (!around_.up_lanes.push(to.lane, {to.index, false}, packet.bytes(), from)) {
    drops_.add(Drop::queue_full);
  }
}

bool DownLane::report(const Report& report, Bytes bytes) {
  if (around_.reports.push(report, bytes)) return reported_ = true;
  drops_.add(Drop::queue_full);
  return false;
}

// What happens once and is told once is told of the next packet if the ring is full.
void DownLane::report_once(std::atomic<bool>& untold, const Report& report_of_it) {
  if (!untold.exchange(false)) return;
  if (!report(report_of_it, {})) untold.store(true);
}

// A report that finds the ring full is made again in the next turn: nobody else tells of it.
void DownLane::report_closed_streams() {
  if (closed_count_ == 0) closed_count_ = around_.link.take_closed(closed_);
  for (; closed_count_ > 0; --closed_count_) {
    const Report closed{Report::Kind::stream_closed, no_peer, closed_[closed_count_ - 1]};
    if (!around_.reports.push(closed, {})) return;
    reported_ = true;
  }
}

}  // namespace adit::plane
