#pragma once

#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "plane/tables.h"

namespace adit::node {

// Which client has which network. Of several that claim one, the last to come has it; when that one
// goes, the one before has it again.
class NetworkOwners {
 public:
  // arrival: grows from client to client
  void claim(const ip::Prefix& network, plane::PeerIndex client, std::uint64_t arrival);
  void release(const ip::Prefix& network, plane::PeerIndex client);

  [[nodiscard]] std::optional<plane::PeerIndex> owner(const ip::Prefix& network) const;
  // Those who claim it, the owner last.
  [[nodiscard]] std::vector<plane::PeerIndex> claimants(const ip::Prefix& network) const;

  // The routes as the data plane wants them, when they are others than at the last call.
  [[nodiscard]] std::unique_ptr<const plane::RouteTable> take_change();

 private:
  struct Claim {
    std::uint64_t arrival;
    plane::PeerIndex client;
  };
  void set_owner(const ip::Prefix& network, const std::vector<Claim>& claims);

  std::map<ip::Prefix, std::vector<Claim>> claims_;  // by arrival
  plane::RouteTable routes_;
  bool changed_ = false;
};

}  // namespace adit::node
