#pragma once

// Where a server listens, as its "local" lines say.

#include <optional>
#include <string>

#include "ip/address.h"
#include "options/location.h"

namespace adit::options {

enum class Transport { udp, tcp_server, tcp_client, tcp };  // tcp: made definite by the helpers

struct Proto {
  Transport transport = Transport::udp;
  std::optional<ip::Family> family;  // nothing: as the address has it

  [[nodiscard]] bool is_tcp() const { return transport != Transport::udp; }
  bool operator==(const Proto&) const = default;
};

// "local host|* [port [proto]]"; what it leaves out is as "port" and "proto" say.
struct LocalLine {
  std::string host;  // "*": every address
  std::optional<std::string> port;
  std::optional<Proto> proto;
  Location at;
};

// One socket of a server.
struct Listen {
  std::string host;  // an address; empty: every one
  std::string port;
  Proto proto;

  bool operator==(const Listen&) const = default;
};

}  // namespace adit::options
