#include "tests/sim/wire.h"

namespace adit::sim {

void Wire::send(Bytes datagram, const ip::Endpoint& from, const ip::Endpoint& to, Instant now) {
  if (rng_.chance(weather.loss)) return;
  const auto narrow = largest_to.find(to);
  if (narrow != largest_to.end() && datagram.size() > narrow->second) return;
  launch({to_buffer(datagram), from, to}, now);
  if (rng_.chance(weather.duplicate)) launch({to_buffer(datagram), from, to}, now);
}

void Wire::launch(Flight flight, Instant now) {
  if (rng_.chance(weather.corrupt) && !flight.datagram.empty()) {
    flight.datagram[rng_.below(flight.datagram.size())] ^=
        static_cast<std::uint8_t>(1u << rng_.below(8));
  }
  Instant at = now + weather.delay;
  if (weather.jitter.count() > 0) {
    at += Duration(
        static_cast<std::int64_t>(rng_.below(static_cast<std::uint64_t>(weather.jitter.count()))));
  }
  if (rng_.chance(weather.reorder)) at += weather.reorder_delay;
  flying_.emplace(at, std::move(flight));
}

std::optional<Wire::Flight> Wire::arrived(Instant now) {
  if (flying_.empty() || flying_.begin()->first > now) return std::nullopt;
  Flight flight = std::move(flying_.begin()->second);
  flying_.erase(flying_.begin());
  return flight;
}

Instant Wire::next() const { return flying_.empty() ? Instant::max() : flying_.begin()->first; }

}  // namespace adit::sim
