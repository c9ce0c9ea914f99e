#include "session/control_wrap.h"

namespace adit::session {

ControlWrap::ControlWrap(std::shared_ptr<crypto::ControlCipher> cipher, WallTime stamp_time,
                         std::uint32_t first_id)
    : cipher_(std::move(cipher)), next_{first_id, static_cast<std::uint32_t>(stamp_time.seconds)} {}

std::optional<std::size_t> ControlWrap::seal(wire::Head head, const wire::SessionId& session,
                                             Bytes body, MutableBytes room) {
  if (next_.id == 0) return std::nullopt;
  const auto size = cipher_->seal(head, session, next_, body, room);
  if (size) ++next_.id;  // wraps to 0 after the last one, which ends the session
  return size;
}

std::variant<Drop, crypto::ControlCipher::Opened> ControlWrap::open(MutableBytes datagram,
                                                                    Instant now) {
  auto result = cipher_->open(datagram);
  const auto* opened = std::get_if<crypto::ControlCipher::Opened>(&result);
  if (opened == nullptr || !opened->stamp) return result;
  if (window_.check(opened->stamp->id, opened->stamp->time, now) != Drop::none) {
    return Drop::replayed;
  }
  window_.add(opened->stamp->id, opened->stamp->time, now);
  return result;
}

void ControlWrap::restore(const Counters& counters, Instant now) {
  next_ = counters.next;
  window_.restore(counters.received, now);
}

}  // namespace adit::session
