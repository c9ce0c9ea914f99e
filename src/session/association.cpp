#include "session/association.h"

#include "base/assert.h"

namespace adit::session {

Drop Association::receive(MutableBytes datagram, Instant now) {
  const auto head = wire::decode_control_head(datagram);
  if (!head) return Drop::malformed;
  for (Session* session : {active_.get(), newcomer_.get()}) {
    if (session == nullptr) continue;
    const bool matches = session->remote_id() == head->session;
    const bool first_answer =
        !session->remote_id().defined() && head->head.opcode == wire::Opcode::hard_reset_server_v2;
    if (matches || first_answer) return session->receive(datagram, now);
  }
  return Drop::unknown_peer;
}

void Association::tick(Instant now) {
  active_->tick(now);
  if (newcomer_) newcomer_->tick(now);
}

std::optional<std::size_t> Association::transmit(MutableBytes room, Instant now) {
  if (const auto size = active_->transmit(room, now)) return size;
  return newcomer_ ? newcomer_->transmit(room, now) : std::nullopt;
}

Deadline Association::deadline() const {
  const Deadline next = active_->deadline();
  return newcomer_ ? earlier(next, newcomer_->deadline()) : next;
}

std::optional<Association::Happening> Association::happening() {
  replaced_.reset();
  if (auto event = active_->event()) return Happening{std::move(*event), active_.get()};
  if (!newcomer_) return std::nullopt;
  auto event = newcomer_->event();
  if (!event) return std::nullopt;
  if (!std::holds_alternative<Established>(*event)) {
    return Happening{std::move(*event), newcomer_.get(), true};
  }
  promote_newcomer();
  return Happening{std::move(*event), active_.get(), false, true};
}

void Association::promote_newcomer() {
  ADIT_ASSERT(newcomer_ != nullptr);
  replaced_ = std::move(active_);
  active_ = std::move(newcomer_);
}

}  // namespace adit::session
