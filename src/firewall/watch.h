#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "firewall/plan.h"
#include "firewall/sysctls.h"
#include "firewall/tools.h"

namespace adit::firewall {

// Something that no longer is as the plan wants it.
struct Trouble {
  std::string what;  // "net.ipv4.ip_forward is 0, not 1: packets pass through this host"
  std::string cure;  // the command that mends it

  bool operator==(const Trouble&) const = default;
};

// Pure: what a listing of our table (list_own_table) lacks of the plan's chains and rules.
[[nodiscard]] std::vector<Trouble> missing_rules(const Plan& plan, const std::string& listing);
// Which of the settings are not as they should be. A device that is not there is no trouble.
[[nodiscard]] std::vector<Trouble> wrong_sysctls(const std::vector<Sysctl>& needed, Tools& tools);
// The file of a setting below /proc/sys.
[[nodiscard]] std::string sysctl_file(std::string_view name);

// The lines of one owner's chains in a listing of our table.
[[nodiscard]] std::string chains_in(const std::string& listing, std::string_view owner);

// Looks again and again whether the rules stand as they were first seen and packets are still
// forwarded. Blocks a few milliseconds; needs CAP_NET_ADMIN. One thread.
class Watch {
 public:
  // tools must outlive it. What is missing now is told by the first look.
  Watch(Plan plan, Tools& tools) : plan_(std::move(plan)), tools_(tools) {}
  // Empty when all is well. An error when the rules cannot be read.
  [[nodiscard]] Result<std::vector<Trouble>> look();

 private:
  Plan plan_;
  Tools& tools_;
  std::string seen_;  // our chains as they were when all was well
};

}  // namespace adit::firewall
