#include "session/key_state.h"

#include <algorithm>

namespace adit::session {

KeyState::KeyState(const Setup& setup, std::uint8_t key_id, Instant now)
    : key_id_(key_id), reliable_(setup.tls_timeout), tls_(setup.tls->make()) {
  Duration window = setup.hand_window;
  negotiate_by = now + window;
  if (setup.reneg > Duration::zero()) window = std::min(window, setup.reneg / 2);
  prefer_from = now + window;
  if (!setup.tls_server) setup.rng->fill(local.pre_master.writable());
  setup.rng->fill(local.random1.writable());
  setup.rng->fill(local.random2.writable());
}

KeyState::KeyState(const Setup& setup, std::uint8_t key_id, const Reliable::Counters& counters)
    : admission(Admission::admitted),
      key_id_(key_id),
      reliable_(setup.tls_timeout),
      stage_(Stage::generated) {
  reliable_.restore(counters);
}

void KeyState::feed() {
  while (auto packet = reliable_.take_in_order()) {
    const bool tls_bytes = packet->opcode == wire::Opcode::control_v1 ||
                           packet->opcode == wire::Opcode::control_wkc_v1;
    if (tls_bytes && tls_ != nullptr) tls_->receive(packet->payload);
  }
}

void KeyState::drain(std::size_t chunk, const FirstPacket& first) {
  if (stage_ == Stage::pre_start || tls_ == nullptr) return;
  while (tls_->has_output() && reliable_.can_queue()) {
    const bool with_wkc = first.carries_wkc && reliable_.counters().next_send == 1;
    Buffer payload(with_wkc ? first.chunk : chunk);
    payload.resize(tls_->transmit(payload));
    reliable_.queue(with_wkc ? wire::Opcode::control_wkc_v1 : wire::Opcode::control_v1,
                    std::move(payload));
  }
}

bool KeyState::wants_to_write_key_method(bool tls_server) const {
  return stage_ == Stage::exchanging && tls_ != nullptr &&
         tls_->state() == tls::TlsEngine::State::established && !own_key_method_ &&
         (!tls_server || peer_key_method);
}

void KeyState::write_key_method(const wire::KeyMethod2& message, bool tls_server) {
  auto bytes = wire::encode_key_method2(message, !tls_server);
  own_key_method_ = bytes && tls_->write(*bytes);
  if (bytes) explicit_bzero(bytes->data(), bytes->size());
  if (!own_key_method_) fail();
}

std::optional<Buffer> KeyState::read_message() {
  return tls_ != nullptr ? tls_->read() : std::nullopt;
}

void KeyState::advance() {
  if (stage_ == Stage::pre_start && reliable_.all_acknowledged()) stage_ = Stage::exchanging;
  if (stage_ == Stage::exchanging && own_key_method_ && peer_key_method &&
      reliable_.all_acknowledged() && !tls_->has_output()) {
    stage_ = Stage::active;
  }
}

bool KeyState::send_text(std::string_view message) {
  if (tls_ == nullptr || !own_key_method_) return false;
  Buffer bytes = to_buffer(as_bytes(message));
  bytes.push_back(0);
  return tls_->write(bytes);
}

}  // namespace adit::session
