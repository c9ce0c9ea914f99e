#pragma once

#include <cstdint>
#include <string>

#include "node/environment.h"

namespace adit::node {

// What a manager of the server is told of its clients.
struct ServerNews {
  enum class Kind {
    connect,      // a new client waits for a decision
    reauth,       // a known one does
    established,  // it has been told its options
    address,      // text: "10.8.0.2,1": the address, and whether it is its own
    disconnect,
    response,  // to a challenge; text: as the client sent it
  };
  Kind kind;
  std::uint64_t client = 0, key = 0;
  std::string text{};
  Environment environment{};
};

}  // namespace adit::node
