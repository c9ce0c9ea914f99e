#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace adit::pki {

// Why a certificate was revoked; the numbers are those of RFC 5280, 5.3.1.
enum class Reason : std::uint8_t {
  unspecified = 0,
  key_compromise = 1,
  ca_compromise = 2,
  affiliation_changed = 3,
  superseded = 4,
  cessation_of_operation = 5,
  certificate_hold = 6,
};

const char* name(Reason reason);  // "keyCompromise"
[[nodiscard]] Result<Reason> parse_reason(std::string_view text);

// The reason column of an index, which may carry more than a reason ("keyTime,260101000000Z").
[[nodiscard]] Reason reason_in_index(std::string_view text);

}  // namespace adit::pki
