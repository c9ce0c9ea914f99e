#pragma once

#include <string>
#include <vector>

#include "firewall/plan.h"
#include "firewall/survey.h"
#include "firewall/watch.h"

namespace adit::firewall {

// How a plan fares on this host.
struct Report {
  std::string owner;
  std::string device;
  std::string rules;              // the owner's chains as the kernel lists them; empty: none
  std::vector<Trouble> troubles;  // of our own rules and of settings
  Survey survey;                  // of others

  // Whether packets pass, as far as that can be told.
  [[nodiscard]] bool good() const;
};

// Looks at the kernel and at the tools here. Blocks; needs CAP_NET_ADMIN.
[[nodiscard]] Report report_on(const Plan& plan, Tools& tools);

[[nodiscard]] std::string render_text(const Report& report);
// Only what is wrong, a line each with its cure below; empty when all is well.
[[nodiscard]] std::string render_troubles(const Report& report);
[[nodiscard]] std::string render_json(const Report& report);

}  // namespace adit::firewall
