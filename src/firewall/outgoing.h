#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ip/address.h"

namespace adit::firewall {

// Questions about names that would leave by another way than the tunnel are stopped. What this host
// asks itself passes.
struct DnsBlock {
  std::string owner;                  // its chain bears this name
  std::string device;                 // of the tunnel
  std::optional<ip::Endpoint> outer;  // where the tunnel's own packets go, which pass
};

// Where the tunnel's own packets go.
struct OuterEnd {
  ip::Endpoint at;  // port 0: any
  bool tcp = false;
  auto operator<=>(const OuterEnd&) const = default;
};

// Nothing leaves this host but through the tunnel, and what the tunnel itself is made of.
struct KillSwitch {
  std::string owner = "kill-switch";
  std::vector<std::string> devices;  // of the tunnel, while there is one
  std::vector<OuterEnd> ends;
  std::vector<ip::Prefix> lans;  // stay reachable
};

// One transaction, in nft's language, that puts this owner's chains in the place of those it has.
// firewall::unload(owner) takes them away.
[[nodiscard]] std::string render(const DnsBlock& block);
[[nodiscard]] std::string render(const KillSwitch& wanted);

}  // namespace adit::firewall
