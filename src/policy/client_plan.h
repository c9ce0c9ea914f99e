#pragma once

#include "policy/address_pool.h"

namespace adit::policy {

// The server's own side of the tunnel, as far as clients are told of it.
struct ServerFacts {
  options::Topology topology = options::Topology::net30;
  std::optional<ip::Address> local4;
  std::optional<std::uint8_t> netmask4_length;  // subnet
  std::optional<ip::Address> local6;
  std::uint8_t bits6 = 64;
  std::vector<std::string> push;  // common list
  std::size_t most_iroutes = 256;
  bool routes_networks = true;  // false: a switch, which knows no iroutes
};

// What one client gets.
struct ClientPlan {
  std::optional<std::size_t> slot;        // of the pool
  std::optional<ip::Address> v4;          // its address as we route to it
  std::optional<ip::Address> pool_peer4;  // or netmask: the second word of its ifconfig
  std::optional<ip::Address> v6;
  std::vector<ip::Prefix> iroutes;
  std::vector<std::string> push;  // common, own, then ifconfig-ipv6 and ifconfig
  std::vector<std::string> warnings;
};

// Puts pool, ccd file and common push list together. source: surfaces 7, 16.
[[nodiscard]] ClientPlan plan_client(const ServerFacts& server,
                                     const options::ClientProfile& profile,
                                     const std::optional<Lease>& lease);

// What a client-connect script said on top of the ccd file: single values replace, lists grow.
[[nodiscard]] options::ClientProfile overlay(options::ClientProfile base,
                                             const options::ClientProfile& top);

// The ccd file of a common name: '/' and what is not printable become '_'; "." and ".." have none.
[[nodiscard]] std::optional<std::string> ccd_file_name(std::string_view common_name);

}  // namespace adit::policy
