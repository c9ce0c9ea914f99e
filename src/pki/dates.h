#pragma once

// Which dates come near. Pure: no file, no clock.

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/time.h"
#include "pki/entry.h"

namespace adit::pki {

// A warning is due when so many days are left.
inline constexpr std::array<int, 3> warning_days{60, 30, 7};

// The smallest of warning_days that has been reached, 0 once the end has passed; otherwise nothing.
[[nodiscard]] std::optional<int> warning_step(WallTime end, WallTime now);

struct DateWarning {
  Kind kind = Kind::other;
  std::string name;
  WallTime end;
  std::int64_t days_left = 0;  // below zero once it has passed
  int step = 0;                // 60, 30, 7, or 0: it has passed
};

// What runs out among the certificates and the revocation list, the nearest end first. Of several
// certificates of one name the one that lasts longest counts. Revoked ones, those that a renewal
// left to end, and clients whose time is over are not warned of.
[[nodiscard]] std::vector<DateWarning> warnings(std::span<const Entry> entries, WallTime now);

// One sentence with what to do: "the certificate of server gw ends in 25 days, on 2026-12-17 -
// renew it: adit pki renew gw"
[[nodiscard]] std::string text_of(const DateWarning& warning);

}  // namespace adit::pki
