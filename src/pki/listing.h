#pragma once

#include <span>
#include <string>

#include "pki/entry.h"

namespace adit::pki {

// A table for a terminal: one line per entry below a line of headings. Plain ASCII.
[[nodiscard]] std::string render_table(std::span<const Entry> entries, WallTime now);

// An array of objects: name, kind, serial, not_before, not_after, days_left, state, and for revoked
// ones revoked_at and reason. Times are ISO 8601; what is unknown is null.
[[nodiscard]] std::string render_json(std::span<const Entry> entries, WallTime now);

}  // namespace adit::pki
