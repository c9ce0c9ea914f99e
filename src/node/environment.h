#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.h"
#include "options/config.h"
#include "ports/network_port.h"
#include "tls/engine.h"
#include "wire/peer_info.h"

namespace adit::node {

// The variables a script gets: built from scratch, later values replace earlier ones.
// source: surfaces 8.3
class Environment {
 public:
  void set(std::string name, std::string value);
  void merge(const Environment& other);
  // All whose names begin so.
  void forget(std::string_view beginning);
  [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& variables() const {
    return variables_;
  }

 private:
  std::vector<std::pair<std::string, std::string>> variables_;
};

// What every script of this process sees.
struct ProcessFacts {
  int daemon_pid = 0;
  WallTime started;
};
[[nodiscard]] Environment common_environment(const options::Config& config,
                                             const ProcessFacts& process);

// Names of the tunnel interface and its addresses.
struct InterfaceFacts {
  std::string device;
  unsigned mtu = 1500;
  std::string local, remote_or_netmask;  // as "ifconfig" has them; empty: none
  bool netmask = false;
  std::string local6;
  unsigned bits6 = 0;
  std::string remote6;
};
[[nodiscard]] Environment interface_environment(const InterfaceFacts& facts);

// route_* variables, foreign options and dns settings.
[[nodiscard]] Environment foreign_environment(const options::Scripts& scripts);

// Certificates and peer info of a peer.
[[nodiscard]] Environment identity_environment(const tls::PeerIdentity& identity);
[[nodiscard]] Environment peer_info_environment(const wire::PeerInfo& info);
void set_peer_address(Environment& env, std::string_view prefix, const ip::Endpoint& address);

// "udp4", "tcp-server", "tcp6-client"
[[nodiscard]] std::string proto_name(const options::Proto& proto);

// Date as scripts and status files show it, local time: "2026-11-22 10:15:20".
[[nodiscard]] std::string local_time_text(WallTime at);

}  // namespace adit::node
