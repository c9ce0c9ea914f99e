// What of a server's clients outlives the process: one value that can be written out and read back.
// TLS objects are not in it; every session renegotiates soon after.

#include "node/lines.h"
#include "node/server.h"

namespace adit::node {

namespace {

constexpr std::uint16_t carry_version = 3;

void pack(Pack& out, const ip::Address& address) { out.sized(address.bytes()); }

std::optional<ip::Address> unpack_address(Reader& in) {
  const Bytes bytes = unpack_sized(in);
  if (bytes.size() != 4 && bytes.size() != 16) return std::nullopt;
  return ip::Address::from_bytes(bytes);
}

void pack(Pack& out, const std::optional<ip::Address>& address) {
  out.flag(address.has_value());
  if (address) pack(out, *address);
}

std::optional<ip::Address> unpack_optional_address(Reader& in) {
  return in.u8() != 0 ? unpack_address(in) : std::nullopt;
}

void pack(Pack& out, const ports::LinkAddress& address) {
  pack(out, address.remote.address);
  out.u16(address.remote.port);
  out.u32(address.remote.scope_id);
  pack(out, address.local);
  out.u32(address.interface);
  out.u16(address.socket);
}

std::optional<ports::LinkAddress> unpack_link(Reader& in) {
  ports::LinkAddress link;
  const auto remote = unpack_address(in);
  link.remote.port = in.u16();
  link.remote.scope_id = in.u32();
  const auto local = unpack_address(in);
  link.interface = in.u32();
  link.socket = in.u16();
  if (!remote || !local) return std::nullopt;
  link.remote.address = *remote;
  link.local = *local;
  return link;
}

void pack(Pack& out, const plane::KeyCarry& key) {
  out.u8(key.key_id);
  out.u64(key.seal.next_packet_id);
  out.u16(key.seal.epoch);
  out.u64(key.seal.sealed);
  out.u64(key.seal.blocks);
  out.u16(key.open.epoch);
  out.u64(key.open.window.highest);
  out.u32(key.open.window.time);
  out.sized(key.open.window.seen);
  out.u64(key.open.failed);
  out.u64(key.open.opened);
  out.u64(key.open.blocks);
}

plane::KeyCarry unpack_key(Reader& in) {
  plane::KeyCarry key;
  key.key_id = in.u8() & 7u;
  key.seal.next_packet_id = in.u64();
  key.seal.epoch = in.u16();
  key.seal.sealed = in.u64();
  key.seal.blocks = in.u64();
  key.open.epoch = in.u16();
  key.open.window.highest = in.u64();
  key.open.window.time = in.u32();
  key.open.window.seen = to_buffer(unpack_sized(in));
  key.open.failed = in.u64();
  key.open.opened = in.u64();
  key.open.blocks = in.u64();
  return key;
}

void pack(Pack& out, const policy::ClientPlan& plan) {
  out.flag(plan.slot.has_value());
  out.u64(plan.slot.value_or(0));
  pack(out, plan.v4);
  pack(out, plan.pool_peer4);
  pack(out, plan.v6);
  out.u32(static_cast<std::uint32_t>(plan.iroutes.size()));
  for (const ip::Prefix& prefix : plan.iroutes) {
    pack(out, prefix.address);
    out.u8(prefix.length);
  }
  out.u32(static_cast<std::uint32_t>(plan.push.size()));
  for (const std::string& option : plan.push) out.text(option);
}

std::optional<policy::ClientPlan> unpack_plan(Reader& in) {
  policy::ClientPlan plan;
  const bool has_slot = in.u8() != 0;
  const std::uint64_t slot = in.u64();
  if (has_slot) plan.slot = slot;
  plan.v4 = unpack_optional_address(in);
  plan.pool_peer4 = unpack_optional_address(in);
  plan.v6 = unpack_optional_address(in);
  const std::uint32_t iroutes = in.u32();
  for (std::uint32_t i = 0; i < iroutes && in.ok(); ++i) {
    const auto address = unpack_address(in);
    const std::uint8_t length = in.u8();
    if (!address || length > address->bits()) return std::nullopt;
    plan.iroutes.push_back(ip::Prefix::of(*address, length));
  }
  const std::uint32_t pushes = in.u32();
  for (std::uint32_t i = 0; i < pushes && in.ok(); ++i) plan.push.push_back(unpack_text(in));
  return plan;
}

}  // namespace

Buffer Server::carry(Instant now) const {
  Pack peers;
  std::uint32_t count = 0;
  for (const auto& [index, peer] : peers_) {
    if (peer->phase != ServerPeer::Phase::up || peer->address.stream != 0) continue;
    if (!peer->association.active().snapshot(now)) continue;
    pack_peer(peers, *peer, now);
    ++count;
  }
  Pack out;
  out.u16(carry_version);
  out.u64(next_client_id_);
  out.u32(count);
  out.bytes(peers.take());
  return out.take();
}

void Server::pack_peer(Pack& out, const ServerPeer& peer, Instant now) const {
  out.u32(peer.index);
  out.u64(peer.client_id);
  pack(out, peer.address);
  const bool own_key =
      peer.protection.key && setup_.wrapping.v2_server &&
      (setup_.wrapping.only_v2() ||
       !equal_constant_time(peer.protection.key->bytes(), setup_.wrapping.key.bytes()));
  out.flag(own_key);
  if (own_key) out.bytes(peer.protection.key->bytes());
  out.sized(peer.association.active().snapshot(now)->encode());
  const auto keys = around_.plane.carry(peer.index);
  out.u32(static_cast<std::uint32_t>(keys.size()));
  for (const plane::KeyCarry& key : keys) pack(out, key);
  out.text(peer.common_name);
  out.text(peer.username);
  out.flag(peer.own_username.has_value());
  out.text(peer.own_username.value_or(""));
  out.flag(peer.profile.vlan_pvid.has_value());
  out.u16(peer.profile.vlan_pvid.value_or(0));
  out.u64(static_cast<std::uint64_t>(peer.connected.seconds));
  pack(out, peer.plan);
  out.text(peer.identity.own() != nullptr ? peer.identity.own()->sha256 : "");
}

Status Server::resume(Bytes carried, std::uint32_t id_leap, Instant now, WallTime wall) {
  now_ = now;
  wall_ = wall;
  Reader in(carried);
  if (in.u16() != carry_version) {
    return fail_with({"cannot take over the clients of the process before: it wrote another format",
                      "they reconnect by themselves"});
  }
  next_client_id_ = in.u64();
  const std::uint32_t count = in.u32();
  for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
    if (!unpack_peer(in, id_leap)) break;
  }
  publish_routes();
  if (!in.finished()) {
    return fail_with({"cannot take over all clients of the process before: its state is damaged",
                      "those left out reconnect by themselves"});
  }
  return {};
}

bool Server::unpack_peer(Reader& in, std::uint32_t id_leap) {
  const std::uint32_t index = in.u32();
  const std::uint64_t client_id = in.u64();
  const auto address = unpack_link(in);
  std::optional<crypto::StaticKey> own_key;
  if (in.u8() != 0) own_key = crypto::StaticKey(in.take(crypto::StaticKey::size));
  auto snapshot = session::SessionSnapshot::decode(unpack_sized(in));
  std::vector<plane::KeyCarry> keys;
  const std::uint32_t key_count = in.u32();
  for (std::uint32_t i = 0; i < key_count && in.ok(); ++i) keys.push_back(unpack_key(in));
  const std::string common_name = unpack_text(in);
  const std::string username = unpack_text(in);
  const bool renamed = in.u8() != 0;
  const std::string own_username = unpack_text(in);
  const bool has_vlan = in.u8() != 0;
  const std::uint16_t vlan = in.u16();
  const WallTime connected{static_cast<std::int64_t>(in.u64())};
  auto plan = unpack_plan(in);
  const std::string fingerprint = unpack_text(in);
  if (!in.ok() || !snapshot || !address || !plan || index >= around_.plane.capacity()) return false;

  snapshot->wrap.next.id += id_leap;
  snapshot->dynamic_wrap.next.id += id_leap;
  session::Protection protection = gate_.protection_with(own_key);
  auto session = std::make_unique<session::Session>(setup_.session, protection, *snapshot, now_);
  auto peer = std::make_unique<ServerPeer>(index, client_id, *address, std::move(protection),
                                           std::move(session), log_);
  peer->common_name = common_name;
  peer->username = username;
  if (renamed) peer->own_username = own_username;
  if (has_vlan) peer->profile.vlan_pvid = vlan;
  peer->connected = connected;
  peer->plan = std::move(*plan);
  peer->pushed = true;
  peer->phase = ServerPeer::Phase::up;
  peer->let_in = true;
  peer->log = log_.with_prefix(peer->name() + " ");
  peer->identity.common_name = common_name;
  if (!fingerprint.empty()) {
    tls::ChainEntry own;
    own.common_name = common_name;
    own.sha256 = fingerprint;
    peer->identity.chain.push_back(std::move(own));
  }
  peer->last_control_received = now_;
  if (peer->plan.slot) pool_.retake(*peer->plan.slot, common_name, now_);
  by_address_[*address] = index;
  ServerPeer& fresh = enter(std::move(peer));
  set_plane_peer(fresh);
  for (plane::KeyCarry& key : keys) {
    key.seal.next_packet_id += id_leap;
    carried_keys_[{index, key.key_id}] = key;
  }
  learn(fresh);
  start_timers(fresh);
  start_path(fresh);
  serve(fresh);
  for (const plane::KeyCarry& key : keys) carried_keys_.erase({index, key.key_id});
  return true;
}

}  // namespace adit::node
