#include "tests/unit/doctor/fake_inside.h"

#include <algorithm>

#include "ip/inner_packet.h"

namespace adit::doctor {

namespace {

constexpr std::size_t v4_header_bytes = 20;
constexpr std::uint8_t echo_reply = 0;

// Nobody here looks at checksums.
Buffer reply_to(Bytes request) {
  Buffer reply(request.begin(), request.end());
  std::swap_ranges(reply.begin() + 12, reply.begin() + 16, reply.begin() + 16);
  reply[v4_header_bytes] = echo_reply;
  return reply;
}

}  // namespace

bool FakeInside::send(Bytes packet) {
  if (coming_.size() >= most_under_way) return false;
  const auto inner = ip::look(packet);
  if (!inner) return false;
  ++asked;
  seen.push_back(inner->destination);
  if (answers(inner->destination, packet.size())) {
    coming_.push_back({now_ + round_trip, reply_to(packet)});
  }
  return true;
}

std::optional<Buffer> FakeInside::receive(Instant until) {
  if (!other.empty()) {
    Buffer packet = std::move(other.front());
    other.pop_front();
    return packet;
  }
  if (coming_.empty() || coming_.front().at > until) {
    now_ = std::max(now_, until);
    return std::nullopt;
  }
  now_ = std::max(now_, coming_.front().at);
  Buffer packet = std::move(coming_.front().packet);
  coming_.pop_front();
  return packet;
}

}  // namespace adit::doctor
