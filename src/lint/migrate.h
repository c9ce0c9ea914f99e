#pragma once

// A modern file that does the same as an old one.

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "options/files.h"
#include "options/issue.h"

namespace adit::lint {

// Begins every comment that migrate writes.
inline constexpr std::string_view migrate_mark = "# adit: ";

struct Migration {
  std::string text;      // the new file; where it is not done, as far as that went
  int changes = 0;       // lines that were replaced, removed, moved or added
  options::Issues left;  // errors that nobody can mend without knowing more
  [[nodiscard]] bool done() const { return !options::has_errors(left); }
};

// Size in bits of the Diffie-Hellman parameters that "dh" names; nothing: not known.
using DhBits = std::function<std::optional<unsigned>(const std::string& path)>;

// Migrating what was migrated changes nothing. What was migrated lints clean.
// text: of the file called source. files: what it includes, which is left as it is; nullptr:
// nothing can be included.
[[nodiscard]] Migration migrate(std::string_view text, const std::string& source,
                                options::Files* files = nullptr, const DhBits& dh_bits = {});

}  // namespace adit::lint
