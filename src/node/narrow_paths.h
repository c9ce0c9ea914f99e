#pragma once

#include <map>

#include "ip/address.h"
#include "session/path_mtu.h"

namespace adit::node {

// What the paths to and from some addresses take, as was found out: a client that comes again is
// given a tun-mtu that fits, and nothing is lost until it is found out once more. Bounded;
// forgetting costs a client no more than not knowing.
class NarrowPaths {
 public:
  // Paths that take everything need no remembering.
  void note(const ip::Address& peer, const session::PathMtu& path) {
    if (path.is_widest()) {
      known_.erase(peer);
      return;
    }
    if (known_.size() >= most) known_.clear();
    known_[peer] = path.found();
  }
  [[nodiscard]] session::PathMtu::Found find(const ip::Address& peer) const {
    const auto found = known_.find(peer);
    return found == known_.end() ? session::PathMtu::Found() : found->second;
  }

 private:
  static constexpr std::size_t most = 4096;
  std::map<ip::Address, session::PathMtu::Found> known_;
};

}  // namespace adit::node
