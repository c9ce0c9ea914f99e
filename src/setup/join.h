#pragma once

// What "adit join" wants of a host, and what "adit leave" takes back.

#include <optional>
#include <string>
#include <vector>

#include "firewall/plan.h"
#include "setup/engine.h"

namespace adit::setup {

// What was asked of this host is kept in the joined profile, in variables that OpenVPN ignores:
//   setenv ADIT_LAN "192.168.1.0/24"    networks behind this host; adit site writes it as well
//   setenv ADIT_MAP "NAME REAL SHOWN"   as on the server
//   setenv ADIT_NAT snat | route        whether this host's address stands for those networks
//   setenv ADIT_FAR "10.8.0.0/24 ..."   networks of the tunnel and behind the far side
inline constexpr const char* nat_variable = "ADIT_NAT";
inline constexpr const char* far_variable = "ADIT_FAR";

struct JoinRequest {
  std::string dir = "/etc/adit";                  // absolute, without a slash at the end
  std::string name;                               // of the profile's file, without .ovpn
  std::string profile;                            // its text, whole (make_whole())
  std::vector<std::string> staying{};             // what that needs beside itself, for the notes
  std::optional<std::vector<ip::Prefix>> lans{};  // nothing: as the profile says
  std::optional<bool> snat{};  // nothing: unless the profile is a site's, whose way back is known
  std::optional<std::vector<ip::Prefix>> far{};  // as the server has told; nothing: not known
  bool service = true;
  bool firewall = true;
  std::string program = "/usr/sbin/adit";  // for the unit
};

struct JoinPlan {
  std::string file;                     // the joined profile
  std::string unit;                     // "adit-client@office.service"; empty: no service
  std::optional<firewall::Plan> rules;  // nothing: a client and nothing more
  std::vector<Error> errors;            // what stands in the way; then there is nothing else
  std::vector<std::string> notes;
  Wishes wishes;
};

// Looks at the host and changes nothing. Errors: the profile cannot be read, or is no client's.
[[nodiscard]] Result<JoinPlan> plan_join(Host& host, const JoinRequest& request,
                                         const Journal& journal);

// "/etc/adit/vpn.ovpn" is "vpn". Errors: it cannot be part of names of units and chains.
[[nodiscard]] Result<std::string> join_name(const std::string& file);
[[nodiscard]] std::string joined_file(const std::string& dir, const std::string& name);
[[nodiscard]] std::string join_owner(const std::string& name);  // of journal and rules
[[nodiscard]] std::string join_pid_file(const std::string& dir, const std::string& name);
// Those that "adit leave" can take back, sorted.
[[nodiscard]] std::vector<std::string> joined_names(Host& host, const std::string& dir);

// What the joined profile wants of the packet filter. Nothing: no rules.
[[nodiscard]] Result<std::optional<firewall::Plan>> read_join_plan(Host& host,
                                                                   const std::string& dir,
                                                                   const std::string& name);

}  // namespace adit::setup
