#pragma once

#include <map>

#include "base/time.h"
#include "ports/link_port.h"
#include "tests/sim/seeded_rng.h"

namespace adit::sim {

// How badly the simulated network behaves; probabilities per datagram.
struct Weather {
  double loss = 0;
  double duplicate = 0;
  double corrupt = 0;
  double reorder = 0;  // takes an extra delay
  Duration delay{};
  Duration jitter{};
  Duration reorder_delay{};
};

// Carries datagrams between endpoints, in virtual time.
class Wire {
 public:
  explicit Wire(SeededRng& rng) : rng_(rng) {}

  struct Flight {
    Buffer datagram;
    ip::Endpoint from;
    ip::Endpoint to;
  };
  void send(Bytes datagram, const ip::Endpoint& from, const ip::Endpoint& to, Instant now);
  [[nodiscard]] std::optional<Flight> arrived(Instant now);
  [[nodiscard]] Instant next() const;

  Weather weather;
  // Larger datagrams to these never arrive, and nobody tells.
  std::map<ip::Endpoint, std::size_t> largest_to;

 private:
  void launch(Flight flight, Instant now);

  SeededRng& rng_;
  std::multimap<Instant, Flight> flying_;
};

}  // namespace adit::sim
