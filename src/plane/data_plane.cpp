#include "plane/data_plane.h"

#include "base/assert.h"

namespace adit::plane {

namespace {
constexpr std::size_t order_slots = 1024;
constexpr std::size_t report_slots = 1024;
constexpr std::size_t few_report_slots = 16;
// Also with a narrow window a repetition is told from a late packet.
constexpr std::uint32_t remembered_ids = crypto::generous_limits.packets;
}  // namespace

DataPlane::DataPlane(const PlaneSetup& setup, const Surroundings& around)
    : setup_(setup),
      around_(around),
      tables_(setup.most_peers, quiescence_),
      handoffs_(setup.lanes, setup.server || setup.client_to_client, setup.largest_packet) {
  tables_.let_clients_meet(setup.client_to_client);
  auto rules = std::make_unique<InsideRules>();
  rules->block_ipv6 = setup.block_ipv6;
  tables_.publish(std::move(rules));
  ADIT_ASSERT(setup.lanes > 0 && around.lanes.size() == setup.lanes);
  for (std::size_t i = 0; i < setup.lanes; ++i) engines_.emplace_back(setup.engine);
  std::vector<ports::Doorbell*> up_bells;
  for (const LanePorts& ports : around_.lanes) up_bells.push_back(&ports.up_bell);
  for (std::size_t i = 0; i < setup.lanes; ++i) {
    lanes_.push_back(std::make_unique<Lane>(*this, i, up_bells));
  }
}

DataPlane::Lane::Lane(DataPlane& plane, std::size_t number,
                      std::span<ports::Doorbell* const> up_bells)
    : orders(order_slots, largest_control_packet),
      up_reports(few_report_slots, 16),
      down_reports(report_slots, largest_control_packet),
      up({plane.setup_, number, plane.tables_, plane.quiescence_.add_reader(),
          plane.around_.lanes[number].tun, plane.around_.lanes[number].link, orders,
          plane.handoffs_.receiver(number), plane.handoffs_.up_sender(number, up_bells), up_reports,
          plane.around_.control}),
      down({plane.setup_, number, plane.tables_, plane.quiescence_.add_reader(),
            plane.around_.lanes[number].tun, plane.around_.lanes[number].link, down_reports,
            plane.handoffs_.down_sender(number, up_bells), plane.around_.control}) {}

void DataPlane::set_peer(PeerIndex index, const PeerSpec& spec) {
  ADIT_ASSERT(index < tables_.capacity());
  ADIT_ASSERT(spec.fragment_most == 0 || setup_.fragments);
  ADIT_ASSERT(!spec.compress || setup_.compress);
  Known& known = known_[index];
  const bool is_new = known.slot.meter == nullptr;
  const bool by_address = known.spec.by_address || spec.by_address;
  known.spec = spec;
  if (is_new) known.slot.meter = std::make_shared<PeerMeter>();
  known.slot.index = index;
  settle_lane(known);
  known.slot.address = spec.address;
  known.slot.may_float = spec.may_float;
  known.slot.check_source = spec.check_source;
  known.slot.mss = spec.mss;
  known.slot.inner_most = spec.inner_most;
  known.slot.echo_mark = spec.echo_mark;
  known.slot.note_flows = spec.note_flows;
  known.slot.vlan = spec.vlan;
  known.slot.dhcp_router = spec.dhcp_router;
  known.slot.framing = spec.framing;
  known.slot.compress = spec.compress;
  known.slot.decompress = spec.decompress;
  known.slot.fragment_most = spec.fragment_most;
  if (spec.fragment_most > 0 && known.slot.fragments == nullptr) {
    known.slot.fragments = std::make_shared<Fragments>(setup_.largest_packet);
  }
  if (spec.fragment_most == 0) known.slot.fragments.reset();
  publish(known);
  if (by_address) publish_addresses();
}

// What a lane owned stays with it: a peer that goes to another lane begins there without keys.
void DataPlane::settle_lane(Known& known) {
  const std::size_t lane = known.spec.by_address ? 0 : lane_of(known.slot.index);
  if (std::exchange(known.slot.lane, lane) == lane) return;
  known.slot.fragments.reset();
  known.slot.send.reset();
  known.slot.receive = {};
  known.slot.sendable = {};
}

void DataPlane::publish(Known& known) {
  tables_.publish(known.slot.index, std::make_unique<const PeerSlot>(known.slot));
  quiescence_.collect();
}

void DataPlane::publish_addresses() {
  auto addresses = std::make_unique<AddressTable>();
  for (const auto& [index, known] : known_) {
    if (known.spec.by_address) addresses->emplace(known.spec.address, index);
  }
  tables_.publish(std::unique_ptr<const AddressTable>(std::move(addresses)));
}

void DataPlane::remove_peer(PeerIndex index) {
  const auto found = known_.find(index);
  if (found == known_.end()) return;
  const bool by_address = found->second.spec.by_address;
  known_.erase(found);
  tables_.publish(index, nullptr);
  if (by_address) publish_addresses();
  quiescence_.collect();
}

Status DataPlane::install_key(PeerIndex index, const KeySpec& spec) {
  return install_key(index, spec, KeyCarry{.key_id = spec.format.key_id, .seal = {}, .open = {}},
                     Instant());
}

Status DataPlane::install_key(PeerIndex index, const KeySpec& spec, const KeyCarry& carry,
                              Instant now) {
  const auto found = known_.find(index);
  ADIT_ASSERT(found != known_.end());
  Engines& engines = engines_[found->second.slot.lane];
  auto sealer = crypto::Sealer::make(spec.format, spec.send, around_.rng, carry.seal, &engines.up);
  if (!sealer) return fail_with(sealer.error());
  auto opener = crypto::Opener::make(
      spec.format, spec.receive, crypto::ReplayWindow(spec.replay, remembered_ids), &engines.down);
  if (!opener) return fail_with(opener.error());
  const bool carried = carry.open.opened > 0 || carry.open.window.highest > 0;
  if (carried) (*opener)->restore(carry.open, now);
  auto meter = std::make_shared<KeyMeter>();
  PeerSlot& slot = found->second.slot;
  const std::uint8_t key_id = spec.format.key_id;
  slot.receive[key_id] = std::make_shared<ReceiveKey>(ReceiveKey{std::move(*opener), meter});
  slot.sendable[key_id] =
      std::make_shared<SendKey>(SendKey{std::move(*sealer), std::move(meter), key_id,
                                        spec.format.epoch, spec.format.cipher->has_small_blocks()});
  publish(found->second);
  return {};
}

void DataPlane::use_key(PeerIndex index, std::uint8_t key_id) {
  const auto found = known_.find(index);
  if (found == known_.end()) return;
  found->second.slot.send = found->second.slot.sendable[key_id];
  publish(found->second);
}

void DataPlane::retire_key(PeerIndex index, std::uint8_t key_id) {
  const auto found = known_.find(index);
  if (found == known_.end()) return;
  PeerSlot& slot = found->second.slot;
  if (slot.send == slot.sendable[key_id]) slot.send.reset();
  slot.sendable[key_id].reset();
  slot.receive[key_id].reset();
  publish(found->second);
}

bool DataPlane::order(std::size_t lane, const Order& order, Bytes bytes) {
  const bool queued = lanes_[lane]->orders.push(order, bytes);
  around_.lanes[lane].up_bell.ring();
  return queued;
}

bool DataPlane::send_datagram(const ports::LinkAddress& to, Bytes datagram) {
  return order(0, {Order::Kind::datagram, no_peer, to}, datagram);
}

bool DataPlane::order_for(PeerIndex index, Order::Kind kind, Bytes bytes) {
  const auto found = known_.find(index);
  const std::size_t lane = found != known_.end() ? found->second.slot.lane : 0;
  return order(lane, {kind, index, {}}, bytes);
}

bool DataPlane::send_payload(PeerIndex index, Bytes payload) {
  return order_for(index, Order::Kind::payload, payload);
}

void DataPlane::ask_flows(PeerIndex index, std::size_t larger_than) {
  const auto found = known_.find(index);
  if (found == known_.end()) return;
  const std::size_t lane = found->second.slot.lane;
  lanes_[lane]->down.ask_flows(index, larger_than);
  around_.lanes[lane].down_bell.ring();
}

std::size_t DataPlane::take_reports(std::size_t limit,
                                    const std::function<void(const Report&, MutableBytes)>& take) {
  std::size_t count = 0;
  bool more = false;
  const auto take_from = [&](ReportRing& ring) {
    for (; count < limit; ++count) {
      const auto report = ring.front();
      if (!report) return;
      take(report->head, report->bytes);
      ring.pop();
    }
    more = more || ring.front().has_value();
  };
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    Lane& lane = *lanes_[(first_reported_ + i) % lanes_.size()];
    take_from(lane.up_reports);
    take_from(lane.down_reports);
  }
  first_reported_ = (first_reported_ + 1) % lanes_.size();
  if (more) around_.control.ring();  // than we were asked to take
  return count;
}

void DataPlane::await_packet(PeerIndex index) {
  const auto found = known_.find(index);
  if (found != known_.end()) found->second.slot.meter->awaited.store(true);
}

void DataPlane::float_decided(PeerIndex index) {
  const auto found = known_.find(index);
  if (found != known_.end()) found->second.slot.meter->float_untold.store(true);
}

PeerTraffic DataPlane::traffic(PeerIndex index) const {
  const auto found = known_.find(index);
  if (found == known_.end()) return {};
  const PeerMeter& meter = *found->second.slot.meter;
  return {meter.sent.packets.get(),        meter.sent.link_bytes.get(),
          meter.sent.inside_bytes.get(),   meter.received.packets.get(),
          meter.received.link_bytes.get(), meter.received.inside_bytes.get(),
          meter.sent.last.get(),           meter.received.last.get()};
}

std::optional<KeyWear> DataPlane::wear(PeerIndex index, std::uint8_t key_id) const {
  const auto found = known_.find(index);
  if (found == known_.end()) return std::nullopt;
  const SendKey* key = found->second.slot.sendable[key_id].get();
  if (key == nullptr) return std::nullopt;
  const KeyMeter& meter = *key->meter;
  KeyWear wear;
  const std::uint64_t sent = meter.next_packet_id.get();
  const std::uint64_t opened = meter.opened_packets.get();
  wear.packets = sent + opened;
  wear.bytes = meter.sent_bytes.get() + meter.received_bytes.get();
  wear.small_blocks = key->small_blocks;
  wear.newest_long_id = meter.newest_long_id.get();
  wear.limit_near = meter.failed.get() > crypto::failed_tags_renegotiate;
  if (key->epoch) {
    wear.limit_near = wear.limit_near || meter.send_epoch.get() >= crypto::epoch_renegotiate;
  } else {
    const bool ids = sent >= crypto::packet_id_renegotiate;
    const bool usage = sent + meter.sealed_blocks.get() > crypto::gcm_usage_renegotiate ||
                       opened + meter.opened_blocks.get() > crypto::gcm_usage_renegotiate;
    wear.limit_near = wear.limit_near || ids || usage;
  }
  return wear;
}

Disorder DataPlane::disorder(PeerIndex index) const {
  const auto found = known_.find(index);
  return found == known_.end() ? Disorder() : found->second.slot.meter->disorder.read();
}

DropCounters DataPlane::drops(PeerIndex index) const {
  const auto found = known_.find(index);
  return found == known_.end() ? DropCounters() : found->second.slot.meter->drops.read();
}

DropCounters DataPlane::drops() const {
  DropCounters sum;
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    sum += lanes_[i]->up.drops().read();
    sum += lanes_[i]->down.drops().read();
    sum += around_.lanes[i].link.traffic().refused;
  }
  return sum;
}

std::vector<LaneFacts> DataPlane::lane_facts() const {
  const auto way = [](const LaneMeter& meter, const DropBoard& drops) {
    return LaneFacts::Way{meter.turns.calls(), meter.turns.packets(), meter.link_bytes.get(),
                          meter.replaced.get(), drops.read()};
  };
  std::vector<LaneFacts> facts;
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    const Lane& lane = *lanes_[i];
    facts.push_back({way(lane.up.meter(), lane.up.drops()),
                     way(lane.down.meter(), lane.down.drops()), around_.lanes[i].link.traffic()});
  }
  return facts;
}

std::vector<KeyCarry> DataPlane::carry(PeerIndex index) const {
  std::vector<KeyCarry> keys;
  const auto found = known_.find(index);
  if (found == known_.end()) return keys;
  const PeerSlot& slot = found->second.slot;
  for (std::uint8_t id = 0; id < wire::key_id_count; ++id) {
    if (slot.receive[id] == nullptr) continue;
    keys.push_back({id, slot.sendable[id]->sealer->state(), slot.receive[id]->opener->state()});
  }
  return keys;
}

}  // namespace adit::plane
