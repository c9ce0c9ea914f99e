#pragma once

#include <string>
#include <vector>

#include "setup/host.h"
#include "setup/server_facts.h"

namespace adit::setup {

// What is asked of a host before anything on it is changed.
struct Demand {
  const ServerFacts& wanted;
  const ServerFacts* present = nullptr;  // of the server that is set up already
  bool runs = false;                     // and serves right now
  bool service = true;                   // a unit of systemd is to run it
};

// Everything that stands in the way, each with its cure; not only the first.
[[nodiscard]] std::vector<Error> preflight(Host& host, const Demand& demand);

// Networks that may not touch each other, each with what it is: "the site office". The first pair
// that overlaps, both named.
struct NamedNetwork {
  std::string what;
  ip::Prefix prefix;
};
[[nodiscard]] std::optional<Error> overlap(const NamedNetwork& one,
                                           const std::vector<NamedNetwork>& others);

// What is used already: networks inside the tunnel, behind the server, behind clients.
[[nodiscard]] std::vector<NamedNetwork> networks_of(const ServerFacts& facts);
// What this host reaches without the tunnel; a default route is no network.
[[nodiscard]] std::vector<NamedNetwork> networks_of(Host& host, const ServerFacts* present);

// The first of the usual networks that overlaps nothing.
[[nodiscard]] ip::Prefix free_network(const std::vector<NamedNetwork>& used);

}  // namespace adit::setup
