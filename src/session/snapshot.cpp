#include "session/snapshot.h"

#include <algorithm>

#include "base/pack.h"
#include "crypto/cipher.h"
#include "session/session.h"

namespace adit::session {

namespace {

constexpr std::uint16_t snapshot_version = 1;

void pack(Pack& out, const ControlWrap::Counters& counters) {
  out.u32(counters.next.id);
  out.u32(counters.next.time);
  out.u64(counters.received.highest);
  out.u32(counters.received.time);
  out.sized(counters.received.seen);
}

ControlWrap::Counters unpack_wrap(Reader& in) {
  ControlWrap::Counters counters;
  counters.next.id = in.u32();
  counters.next.time = in.u32();
  counters.received.highest = in.u64();
  counters.received.time = in.u32();
  counters.received.seen = to_buffer(unpack_sized(in));
  return counters;
}

void pack(Pack& out, const KeySnapshot& key) {
  out.u8(key.key_id);
  out.u32(key.counters.next_send);
  out.u32(key.counters.next_expected);
  out.bytes(key.material.bytes());
  out.flag(key.retire_in.has_value());
  out.u64(static_cast<std::uint64_t>(key.retire_in.value_or(Duration::zero()).count()));
}

KeySnapshot unpack_key(Reader& in) {
  KeySnapshot key;
  key.key_id = in.u8() & 7u;
  key.counters.next_send = in.u32();
  key.counters.next_expected = in.u32();
  key.material = crypto::DataKeyMaterial(in.take(crypto::DataKeyMaterial::size));
  const bool retires = in.u8() != 0;
  const Duration retire_in(static_cast<std::int64_t>(in.u64()));
  if (retires) key.retire_in = retire_in;
  return key;
}

void pack(Pack& out, const Negotiated& n) {
  out.text(n.cipher);
  out.text(n.auth);
  out.u32(n.peer_id);
  const unsigned flags = (n.data_v2 ? 1u : 0u) | (n.key_export ? 2u : 0u) |
                         (n.dyn_tls_crypt ? 4u : 0u) | (n.cc_exit ? 8u : 0u) | (n.epoch ? 16u : 0u);
  out.u8(static_cast<std::uint8_t>(flags));
}

Negotiated unpack_negotiated(Reader& in) {
  Negotiated n;
  n.cipher = unpack_text(in);
  n.auth = unpack_text(in);
  n.peer_id = in.u32();
  const unsigned flags = in.u8();
  n.data_v2 = (flags & 1u) != 0;
  n.key_export = (flags & 2u) != 0;
  n.dyn_tls_crypt = (flags & 4u) != 0;
  n.cc_exit = (flags & 8u) != 0;
  n.epoch = (flags & 16u) != 0;
  return n;
}

}  // namespace

Buffer SessionSnapshot::encode() const {
  Pack out;
  out.u16(snapshot_version);
  out.bytes(own.bytes());
  out.bytes(remote.bytes());
  pack(out, wrap);
  out.flag(dynamic_key.has_value());
  if (dynamic_key) {
    out.bytes(dynamic_key->bytes());
    pack(out, dynamic_wrap);
  }
  pack(out, key);
  out.flag(older.has_value());
  if (older) pack(out, *older);
  out.u8(last_key_id);
  pack(out, negotiated);
  out.text(peer_info);
  out.text(peer_options);
  return out.take();
}

std::optional<SessionSnapshot> SessionSnapshot::decode(Bytes bytes) {
  Reader in(bytes);
  SessionSnapshot s;
  if (in.u16() != snapshot_version) return std::nullopt;
  s.own = wire::SessionId::from(in.take(8));
  s.remote = wire::SessionId::from(in.take(8));
  s.wrap = unpack_wrap(in);
  if (in.u8() != 0) {
    s.dynamic_key = crypto::StaticKey(in.take(crypto::StaticKey::size));
    s.dynamic_wrap = unpack_wrap(in);
  }
  s.key = unpack_key(in);
  if (in.u8() != 0) s.older = unpack_key(in);
  s.last_key_id = in.u8() & 7u;
  s.negotiated = unpack_negotiated(in);
  s.peer_info = unpack_text(in);
  s.peer_options = unpack_text(in);
  if (!in.finished() || !s.own.defined() || !s.remote.defined()) return std::nullopt;
  if (crypto::find_cipher(s.negotiated.cipher) == nullptr) return std::nullopt;
  return s;
}

namespace {

KeySnapshot key_snapshot(const KeyState& key, Instant now) {
  KeySnapshot snapshot{key.key_id(), key.reliable().counters(), key.material, {}};
  if (key.retire_at != Instant::max()) snapshot.retire_in = key.retire_at - now;
  return snapshot;
}

KeyState restored_key(const Setup& setup, const KeySnapshot& snapshot, Instant now) {
  KeyState key(setup, snapshot.key_id, snapshot.counters);
  key.material = snapshot.material;
  key.has_material = true;
  constexpr Duration longest = std::chrono::hours(24 * 365);  // a broken snapshot may say anything
  if (snapshot.retire_in) key.retire_at = now + std::min(*snapshot.retire_in, longest);
  return key;
}

}  // namespace

std::optional<SessionSnapshot> Session::snapshot(Instant now) const {
  // A renegotiation under way is not carried over: its TLS object cannot be.
  const KeyState* newest = nullptr;
  const KeyState* older = nullptr;
  if (primary_ && primary_->stage() == KeyState::Stage::generated) {
    newest = &*primary_;
    older = retiring_ ? &*retiring_ : nullptr;
  } else if (retiring_) {
    newest = &*retiring_;
  }
  if (newest == nullptr || !negotiated_ || failed_) return std::nullopt;
  SessionSnapshot s;
  s.own = own_;
  s.remote = remote_;
  s.wrap = wrap_.counters();
  s.dynamic_key = dynamic_key_;
  if (dynamic_wrap_) {
    s.dynamic_wrap = dynamic_wrap_->counters();
  } else if (dynamic_key_) {
    s.dynamic_wrap = make_dynamic_wrap().counters();
  }
  s.key = key_snapshot(*newest, now);
  s.key.retire_in.reset();
  if (older != nullptr) s.older = key_snapshot(*older, now);
  s.last_key_id = last_key_id_;
  s.negotiated = *negotiated_;
  s.peer_info = peer_info_.text();
  s.peer_options = peer_options_;
  return s;
}

Session::Session(const Setup& setup, Protection protection, const SessionSnapshot& snapshot,
                 Instant now)
    : setup_(setup),
      protection_(std::move(protection)),
      own_(snapshot.own),
      remote_(snapshot.remote),
      wrap_(protection_.cipher, {}),
      dynamic_key_(snapshot.dynamic_key),
      last_key_id_(snapshot.last_key_id),
      peer_info_(wire::PeerInfo::parse(snapshot.peer_info)),
      peer_options_(snapshot.peer_options),
      negotiated_(snapshot.negotiated),
      established_(true),
      answered_(true) {
  wrap_.restore(snapshot.wrap, now);
  if (dynamic_key_) {
    dynamic_wrap_.emplace(crypto::make_tls_crypt(*dynamic_key_, setup.tls_server),
                          wrap_.stamp_time());
    dynamic_wrap_->restore(snapshot.dynamic_wrap, now);
  }
  primary_.emplace(restored_key(setup, snapshot.key, now));
  if (snapshot.older)
    retiring_ = std::make_unique<KeyState>(restored_key(setup, *snapshot.older, now));
  events_.push_back(KeysReady{primary_->key_id(), primary_->material});
  if (retiring_) events_.push_back(KeysReady{retiring_->key_id(), retiring_->material});
  choose_send_key(now);
  renewal_.demand(now);
}

}  // namespace adit::session
