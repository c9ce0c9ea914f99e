#pragma once

#include <optional>
#include <string>
#include <vector>

#include "setup/conf_text.h"
#include "setup/server_facts.h"

namespace adit::setup {

// What somebody wants of a server. What is not said stays as it is.
struct ServerSettings {
  std::optional<ip::Prefix> network;  // IPv4
  std::optional<ip::Prefix> network6;
  bool no_network6 = false;
  std::optional<std::uint16_t> port;
  std::optional<bool> tcp;
  std::optional<std::string> endpoint;
  std::optional<std::vector<ip::Prefix>> lans;
  std::optional<bool> full_tunnel;
  std::optional<std::vector<ip::Address>> dns;
  std::optional<bool> firewall;
  std::optional<bool> snat;
  bool with_notes = true;  // the variables are set, too
};

// IPv6 pools of OpenVPN begin at this number in their network; below it are fixed addresses.
inline constexpr std::uint32_t first_pool6 = 0x1000;

// The text of a new server.conf, commented for people, with the defaults where nothing is said.
// network must be said.
//
// dual_stack  the host has IPv6 addresses that the world can reach
[[nodiscard]] std::string new_server_conf(const ServerSettings& settings, bool dual_stack);

// Changes the lines that settings speak of; facts are those of the text.
void edit_server_conf(ConfText& conf, const ServerFacts& facts, const ServerSettings& settings);

// A variable of ours, in its place or at the end; an empty value removes it.
void set_variable(ConfText& conf, const std::string& name, const std::string& value);

// The upper half of a network: the pool. What lies below, without the server's own address, is for
// fixed addresses.
struct Halves {
  ip::Address first_fixed, last_fixed, first_pool, last_pool;
};
[[nodiscard]] Halves halves_of(const ip::Prefix& network);

}  // namespace adit::setup
