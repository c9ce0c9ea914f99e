#pragma once

// Certificates that were renewed and live on for a while, in a file of our own beside the index.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace adit::pki {

// The line is written before the new certificate is signed: it counts once "after" is in the index.
struct Overlap {
  std::string before;  // serial of the certificate that ends
  WallTime end;        // at the first list written later it is revoked
  std::string after;   // serial of the one that follows it
  std::string name;    // the stem of their files
};

// One line each: serials and times as the index has them, between tabs.
[[nodiscard]] Result<std::vector<Overlap>> parse_overlaps(std::string_view text,
                                                          std::string_view file);
[[nodiscard]] std::string render_overlaps(const std::vector<Overlap>& overlaps);

// When the next list is wanted on account of this text; nothing when it cannot be read.
[[nodiscard]] std::optional<WallTime> first_overlap_end(std::string_view text);

[[nodiscard]] const Overlap* find_overlap(const std::vector<Overlap>& overlaps,
                                          std::string_view before);
// Everything that this serial followed, directly or by way of others.
[[nodiscard]] std::vector<std::string> predecessors(const std::vector<Overlap>& overlaps,
                                                    const std::string& serial);

}  // namespace adit::pki
