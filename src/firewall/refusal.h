#pragma once

#include <string>

#include "base/result.h"

namespace adit::firewall {

// There is no nf_tables here, as in many containers.
[[nodiscard]] Error no_nftables(const std::string& why);

// The process lacks the right.
[[nodiscard]] Error not_permitted();

// What libnftables said of a transaction it did not run, as one sentence with advice.
[[nodiscard]] Error explain_refusal(const std::string& told, const std::string& transaction);

}  // namespace adit::firewall
