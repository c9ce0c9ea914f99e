#pragma once

// What a server's configuration and its client-config-dir say, in the words of setup. Nothing is
// kept elsewhere: who edits the files by hand is understood.
//
// What OpenVPN has no word for stands in variables that it ignores:
//   setenv ADIT_ENDPOINT vpn.example.com
//   setenv ADIT_FIREWALL none
//   setenv ADIT_SNAT yes
//   setenv ADIT_LAN "192.168.1.0/24 fd01::/64"
//   setenv ADIT_MAP "NAME 192.168.1.0/24 10.77.1.0/24"     real, then as it is shown; one per line
//   setenv ADIT_DENY "NAME 10.8.0.0/24 192.168.7.0/24"     who may not reach this site
// A NAME with blanks stands in quotes of its own: "\"Branch Office\" 10.8.0.0/24".
// A site's own profile holds its ADIT_LAN (real networks) and its ADIT_MAP lines.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "firewall/plan.h"
#include "options/config.h"
#include "setup/host.h"

namespace adit::setup {

inline constexpr const char* endpoint_variable = "ADIT_ENDPOINT";
inline constexpr const char* firewall_variable = "ADIT_FIREWALL";
inline constexpr const char* snat_variable = "ADIT_SNAT";
inline constexpr const char* lan_variable = "ADIT_LAN";
inline constexpr const char* map_variable = "ADIT_MAP";
inline constexpr const char* deny_variable = "ADIT_DENY";

struct NamedMap {
  std::string site;
  firewall::Map map;
};

// A file of client-config-dir.
struct ClientFile {
  std::string name;
  std::optional<ip::Address> fixed;     // ifconfig-push
  std::vector<ip::Prefix> behind;       // iroute: networks as the tunnel sees them
  std::optional<ip::Address> fixed6{};  // ifconfig-ipv6-push
};

struct ServerFacts {
  std::string endpoint;  // empty: never said
  std::uint16_t port = 1194;
  bool tcp = false;
  bool subnet = false;  // topology subnet
  std::string device;
  std::optional<ip::Prefix> network, network6;
  std::optional<std::pair<ip::Address, ip::Address>> pool;  // addresses given out, first and last
  std::vector<ip::Prefix> lans;                             // behind this host, told to clients
  std::vector<ip::Prefix> routed;                           // "route": behind clients
  std::vector<ip::Address> dns;
  bool full_tunnel = false;
  bool firewall = true;
  bool snat = false;  // this host's addresses stand for those of the far side
  std::string ccd;    // the folder, absolute
  std::vector<NamedMap> maps;
  std::map<std::string, std::vector<ip::Prefix>> denied;  // by site: who may not reach it
  std::vector<ClientFile> clients;                        // sorted by name

  [[nodiscard]] const ClientFile* client(std::string_view name) const;  // nullptr: has no file
};

// Pure, but for ccd and clients, which stay empty.
[[nodiscard]] ServerFacts facts_of(const options::Config& config);

// The text of DIR/server.conf. Error: there is none.
[[nodiscard]] Result<std::string> server_text(Host& host, const std::string& dir);
// The same with its ccd. Errors name file and line.
[[nodiscard]] Result<ServerFacts> read_server(Host& host, const std::string& dir);
// Files of client-config-dir that are not on the disk yet; nothing: the file is to go.
using ClientTexts = std::map<std::string, std::optional<std::string>>;
// The same of texts that are not on the disk yet.
[[nodiscard]] Result<ServerFacts> read_server_text(Host& host, const std::string& dir,
                                                   const std::string& text,
                                                   const ClientTexts& clients = {});

// "a b, c" as prefixes; words that are none are left out.
[[nodiscard]] std::vector<ip::Prefix> prefixes_in(std::string_view text);
// Of a variable that is repeated the last counts, but for those that are lists; empty: not set.
[[nodiscard]] std::string variable(const options::Config& config, std::string_view name);
[[nodiscard]] std::vector<NamedMap> maps_of(const options::Config& config);
// The value of ADIT_MAP or ADIT_DENY for these networks, and the site that such a value speaks of.
[[nodiscard]] std::string site_value(const std::string& site, const std::vector<ip::Prefix>& of);
[[nodiscard]] std::string site_in(std::string_view value);
[[nodiscard]] std::string texts(const std::vector<ip::Prefix>& prefixes);  // joined by blanks

// What route and iroute say of a network, and back.
[[nodiscard]] std::vector<std::string> route_words(std::string_view option,
                                                   const ip::Prefix& prefix);

}  // namespace adit::setup
