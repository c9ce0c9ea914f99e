#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "explain/entry.h"

namespace adit::explain {

struct Reason {
  std::string what;
  std::string cure;
  std::string seen;           // a line of the log that speaks for it; empty: only possible
  std::size_t seen_line = 0;  // its number, from 1
};

// One well-known message, told once however often it stands in the log.
struct Finding {
  const Entry* entry;
  std::string line;  // the first one
  std::size_t first = 0, last = 0, count = 0;
  std::string title, meaning;
  std::vector<Reason> reasons;  // those with evidence first
};

struct Unknown {
  std::string line;
  std::size_t number = 0;
};

struct Report {
  std::size_t lines = 0;          // that were not empty
  std::vector<Finding> findings;  // the heaviest first, then by first line
  std::vector<Unknown> unknown;   // lines that sound like trouble and are in no page; the first few
  std::size_t unknown_count = 0;
};

// Reads a log, of adit or of stock openvpn: any verbosity, with or without times.
[[nodiscard]] Report explain(std::string_view log);

// For a person: width in columns, 0 for as long as lines are.
[[nodiscard]] std::string render_text(const Report& report, std::size_t width);
[[nodiscard]] std::string render_json(const Report& report);

}  // namespace adit::explain
