#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "firewall/tools.h"
#include "ip/address.h"

namespace adit::firewall {

// Which packet filters this host has, in their own words. An empty text: that tool is not here.
struct Situation {
  std::string nft_json;             // nft -j list ruleset
  std::string nft_text;             // nft -a list ruleset
  std::string iptables_nft4;        // iptables-nft-save, where tables of its kind exist
  std::string iptables_nft6;        // ip6tables-nft-save
  std::string legacy4;              // iptables-legacy-save, where legacy tables exist
  std::string legacy6;              // ip6tables-legacy-save
  std::vector<std::string> unread;  // what is there but could not be listed: "legacy tables (...)"
  std::string ufw_status;           // ufw status
  std::string ufw_added;            // ufw show added
  std::string firewalld_state;      // firewall-cmd --state
  std::string firewalld_zones;      // firewall-cmd --get-zones
  std::string firewalld_policies;   // firewall-cmd --get-policies
  std::string firewalld_ports;      // firewall-cmd --list-ports, of the default zone
  std::string routes4;              // /proc/net/route
  std::string routes6;              // /proc/net/ipv6_route
};

// Asks the kernel and the tools that are here. Never fails: what cannot be had stays empty.
[[nodiscard]] Situation look(Tools& tools);

}  // namespace adit::firewall
