#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace adit::pki {

// The time text of ASN.1 and of index.txt: YYMMDDHHMMSSZ for 1950..2049, else YYYYMMDDHHMMSSZ.
[[nodiscard]] std::string asn1_text(WallTime at);
[[nodiscard]] std::optional<WallTime> parse_asn1_text(std::string_view text);

// What iso_text and day_text write; a day is its first second.
[[nodiscard]] std::optional<WallTime> parse_iso_text(std::string_view text);
[[nodiscard]] std::string iso_text(WallTime at);  // 2026-11-22T10:01:27Z
[[nodiscard]] std::string day_text(WallTime at);  // 2026-11-22

inline WallTime after(WallTime from, std::chrono::days days) {
  return {from.seconds + std::chrono::seconds(days).count()};
}

}  // namespace adit::pki
