#include "session/cookie.h"

#include <algorithm>

#include "crypto/digest.h"

namespace adit::session {

Cookie::Cookie(Rng& rng, Duration hand_window) {
  rng.fill(key_.writable());
  constexpr std::int64_t least_seconds = 300;
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(hand_window).count();
  slot_seconds_ = std::max(least_seconds, seconds);
}

wire::SessionId Cookie::make(const ip::Endpoint& from, const wire::SessionId& client,
                             Instant now) const {
  return of_slot(slot(now), from, client);
}

bool Cookie::verify(const wire::SessionId& cookie, const ip::Endpoint& from,
                    const wire::SessionId& client, Instant now) const {
  const std::int64_t current = slot(now);
  bool good = false;
  for (std::int64_t age = 0; age <= 1; ++age) {
    const wire::SessionId expected = of_slot(current - age, from, client);
    good = equal_constant_time(expected.bytes(), cookie.bytes()) || good;
  }
  return good && cookie.defined();
}

wire::SessionId Cookie::of_slot(std::int64_t slot, const ip::Endpoint& from,
                                const wire::SessionId& client) const {
  std::uint8_t message[8 + 1 + 16 + 2 + 4];
  Writer writer(message);
  writer.u64(static_cast<std::uint64_t>(slot));
  writer.u8(static_cast<std::uint8_t>(from.address.family()));
  writer.put(from.address.bytes());
  writer.u16(from.port);
  writer.u32(from.scope_id);
  std::uint8_t mac[32];
  crypto::Hmac({"SHA256", 32}, key_.bytes()).compute({writer.written(), client.bytes()}, mac);
  return wire::SessionId::from(Bytes(mac).first(8));
}

}  // namespace adit::session
