#pragma once

#include <string_view>

#include "firewall/rules.h"

namespace adit::firewall {

// What becomes of a packet that an iptables target takes: "LOG" lets it go on.
[[nodiscard]] Verdict verdict_of_extension(std::string_view target);

}  // namespace adit::firewall
