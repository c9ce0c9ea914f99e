#pragma once

#include <functional>

#include "doctor/tunnel_stages.h"

namespace adit::doctor {

// A network beyond the far end of the tunnel, and who may answer there.
struct FarNetwork {
  std::string label;  // "lan 192.168.1.0/24"
  ip::Prefix network;
  std::vector<ip::Address> named;    // by the user: they should answer
  std::vector<ip::Address> guessed;  // they may
};

// What else is known where the test runs.
struct NetworkHelp {
  // Where this host itself reaches the networks: tells a host that is down from a tunnel that does
  // not forward. nullptr: it does not.
  Inside* direct = nullptr;
  std::function<std::optional<ip::Address>(const ip::Address& host)> direct_own = {};
  // More hosts of a network, found with some effort; called when nobody else answers.
  std::function<std::vector<ip::Address>(const ip::Prefix& network)> search = {};
  // Why packets to a host that answers directly may not be forwarded, and the cure.
  std::function<Stage(const ip::Address& host)> why_not = {};
};

// One stage for each network: a packet really forwarded and back.
void test_networks(Report& report, Inside& tunnel, const InsidePlan& plan,
                   const std::vector<FarNetwork>& networks, const NetworkHelp& help, Rng& rng,
                   const Limits& limits);
void skip_networks(Report& report, const std::vector<FarNetwork>& networks, const std::string& why);

}  // namespace adit::doctor
