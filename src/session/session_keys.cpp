// Data keys: deriving them, choosing the one to send with, renegotiating.

#include "base/assert.h"
#include "crypto/control_cipher.h"
#include "session/session.h"

namespace adit::session {

void Session::configure(const Negotiated& negotiated, Instant now) {
  negotiated_ = negotiated;
  push_requests_ = {};
  decide_by_ = Instant::max();
  if (primary_ && primary_->stage() == KeyState::Stage::active) make_keys(now);
  work(now);
}

void Session::make_keys(Instant now) {
  ready_keys(now);
  if (failed_ || !primary_ || !primary_->has_material) return;
  primary_->generated();
  if (negotiated_->dyn_tls_crypt && !dynamic_key_) set_up_dynamic_wrap();
  renewal_.start(setup_, now);
}

// Both key method messages are known: whatever comes under this key can be opened from now on. A
// server does it before its own message leaves, for the client may use the key as soon as it has
// that message, and its data must not overtake its acknowledgement.
void Session::ready_keys(Instant now) {
  KeyState& key = *primary_;
  if (key.has_material) return;
  if (!derive(key, key.material)) return fail(FailureReason::no_key_material, now);
  key.has_material = true;
  events_.push_back(KeysReady{key.key_id(), key.material});
}

bool Session::derive(KeyState& key, crypto::DataKeyMaterial& material) {
  if (negotiated_->key_export) {
    return key.tls() != nullptr &&
           key.tls()->export_key(crypto::exporter_label_data_keys, material.writable());
  }
  const bool server = setup_.tls_server;
  material =
      crypto::derive_with_prf(server ? key.remote : key.local, server ? key.local : key.remote,
                              server ? remote_ : own_, server ? own_ : remote_);
  return true;
}

// source: wire protocol 3.9. Taken once, from the TLS session of the first keys.
void Session::set_up_dynamic_wrap() {
  crypto::StaticKey key;
  if (primary_->tls() == nullptr ||
      !primary_->tls()->export_key(crypto::exporter_label_dynamic_tls_crypt, key.writable())) {
    return;
  }
  if (protection_.key) key = key.exclusive_or(*protection_.key);
  dynamic_key_ = key;
}

// The dynamic one is made when it is first used: an hour later, as a rule.
ControlWrap& Session::wrap_for(std::uint8_t key_id) {
  if (key_id == 0 || !dynamic_key_) return wrap_;
  if (!dynamic_wrap_) dynamic_wrap_.emplace(make_dynamic_wrap());
  return *dynamic_wrap_;
}

ControlWrap Session::make_dynamic_wrap() const {
  return ControlWrap(crypto::make_tls_crypt(*dynamic_key_, setup_.tls_server), wrap_.stamp_time());
}

// A key is preferred once it is old enough that the peer has it too; with none that old, the newest
// goes. source: wire protocol 3.8.
void Session::choose_send_key(Instant now) {
  if (!primary_) return;
  const bool usable = primary_->stage() == KeyState::Stage::generated;
  const bool newest_ready =
      usable && (primary_->prefer_from <= now || !retiring_ || retiring_->worn);
  const bool older_ready = retiring_ && (retiring_->prefer_from <= now || !usable);
  std::optional<std::uint8_t> choice;
  if (usable) choice = primary_->key_id();
  if (older_ready && !newest_ready) choice = retiring_->key_id();
  if (!choice || choice == send_key_) return;
  send_key_ = choice;
  events_.push_back(SendKey{*choice});
}

void Session::renegotiate(Instant now) {
  if (!primary_ || primary_->stage() != KeyState::Stage::generated) return;
  if (primary_->retire_at != Instant::max()) return renewal_.stop();  // the peer starts anew
  begin_renegotiation(false, now);
  work(now);
}

void Session::begin_renegotiation(bool by_peer, Instant now) {
  if (retiring_) events_.push_back(KeyRetired{retiring_->key_id()});
  retiring_ = std::make_unique<KeyState>(std::move(*primary_));
  retiring_->release_tls();
  retiring_->retire_at = std::min(retiring_->retire_at, now + setup_.tran_window);
  last_key_id_ = wire::next_key_id(last_key_id_);
  primary_.emplace(setup_, last_key_id_, now);
  primary_->reliable().queue(wire::Opcode::soft_reset_v1, {});
  renewal_.stop();
  events_.push_back(Renegotiating{last_key_id_, by_peer});
}

void Session::note_usage(const KeyUsage& usage, Instant now) {
  if (!primary_ || primary_->stage() != KeyState::Stage::generated) return;
  renewal_.note(setup_, usage);
  if (renewal_.due(now)) renegotiate(now);
}

void Session::note_send_key_worn(Instant now) {
  for (KeyState* key : {primary_ ? &*primary_ : nullptr, retiring_.get()}) {
    if (key != nullptr && key->key_id() == send_key_) key->worn = true;
  }
  choose_send_key(now);
}

bool Session::has_keys() const {
  return (primary_ && primary_->stage() == KeyState::Stage::generated) || retiring_ != nullptr;
}

bool Session::export_key(std::string_view label, MutableBytes out) {
  return primary_ && primary_->tls() != nullptr && primary_->tls()->export_key(label, out);
}

}  // namespace adit::session
