#pragma once

#include <span>
#include <string>

#include "pki/entry.h"

namespace adit::pki {

// What stands out about an entry: "renew it", "renewed, ends 2026-12-06"; mostly empty.
[[nodiscard]] std::string remark_of(const Entry& entry, WallTime now);

// A table for a terminal: one line per entry below a line of headings, remarks at the end. Plain
// ASCII.
[[nodiscard]] std::string render_table(std::span<const Entry> entries, WallTime now);

// An array of objects: name, kind, serial, not_before, not_after, days_left, state, for revoked
// ones revoked_at and reason, for renewed ones overlap_end, and warning (60, 30, 7) where the end
// is near. Times are ISO 8601; what is unknown is null.
[[nodiscard]] std::string render_json(std::span<const Entry> entries, WallTime now);

struct Imported;
struct Renewed;
struct Rotation;
[[nodiscard]] std::string render_json(const Entry& entry, WallTime now);
[[nodiscard]] std::string render_json(const Imported& imported);
[[nodiscard]] std::string render_json(const Renewed& renewed, WallTime now);
[[nodiscard]] std::string render_json(const Rotation& rotation, WallTime now);
// Where a change of authority stands and what comes next, for a terminal.
[[nodiscard]] std::string render_rotation(const Rotation& rotation);
// name, and the file or the profile: whichever is not empty.
[[nodiscard]] std::string render_exported_json(const std::string& name, const std::string& file,
                                               const std::string& profile);

}  // namespace adit::pki
