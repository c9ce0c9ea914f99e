#pragma once

#include "base/result.h"
#include "firewall/plan.h"

namespace adit::firewall {

// Whether rules can be made of this plan: names that nft takes, families and lengths that fit.
[[nodiscard]] Status check_plan(const Plan& plan);

}  // namespace adit::firewall
