#include "node/network_owners.h"

#include <algorithm>

namespace adit::node {

void NetworkOwners::claim(const ip::Prefix& network, plane::PeerIndex client,
                          std::uint64_t arrival) {
  release(network, client);
  std::vector<Claim>& claims = claims_[network];
  const auto at = std::ranges::upper_bound(claims, arrival, {}, &Claim::arrival);
  claims.insert(at, Claim{arrival, client});
  set_owner(network, claims);
}

void NetworkOwners::release(const ip::Prefix& network, plane::PeerIndex client) {
  const auto found = claims_.find(network);
  if (found == claims_.end()) return;
  std::erase_if(found->second, [&](const Claim& claim) { return claim.client == client; });
  set_owner(network, found->second);
  if (found->second.empty()) claims_.erase(found);
}

void NetworkOwners::set_owner(const ip::Prefix& network, const std::vector<Claim>& claims) {
  const plane::PeerIndex* before = routes_.peers.find_exactly(network);
  if (claims.empty()) {
    changed_ = changed_ || before != nullptr;
    routes_.peers.erase(network);
  } else if (before == nullptr || *before != claims.back().client) {
    changed_ = true;
    routes_.peers.insert(network, claims.back().client);
  }
}

std::optional<plane::PeerIndex> NetworkOwners::owner(const ip::Prefix& network) const {
  const plane::PeerIndex* found = routes_.peers.find_exactly(network);
  return found == nullptr ? std::nullopt : std::optional(*found);
}

std::vector<plane::PeerIndex> NetworkOwners::claimants(const ip::Prefix& network) const {
  std::vector<plane::PeerIndex> clients;
  const auto found = claims_.find(network);
  if (found == claims_.end()) return clients;
  for (const Claim& claim : found->second) clients.push_back(claim.client);
  return clients;
}

std::unique_ptr<const plane::RouteTable> NetworkOwners::take_change() {
  if (!std::exchange(changed_, false)) return nullptr;
  return std::make_unique<const plane::RouteTable>(routes_);
}

}  // namespace adit::node
