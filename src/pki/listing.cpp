#include "pki/listing.h"

#include <algorithm>
#include <array>
#include <vector>

#include <fmt/core.h>

#include "base/text.h"
#include "pki/calendar.h"
#include "pki/dates.h"

namespace adit::pki {

namespace {

constexpr std::size_t listing_columns = 7;
constexpr std::size_t days_column = 3;
using Line = std::array<std::string, listing_columns>;

const Line headings{"NAME", "KIND", "STATE", "DAYS", "FROM", "UNTIL", "SERIAL"};

Line line_of(const Entry& entry, WallTime now) {
  const std::string remark = remark_of(entry, now);
  const bool counts = entry.state == State::valid;
  return {printable(entry.name),
          name(entry.kind),
          name(entry.state),
          counts ? std::to_string(days_left(entry, now)) : "-",
          entry.not_before ? day_text(*entry.not_before) : "-",
          day_text(entry.not_after),
          entry.serial + (remark.empty() ? "" : "  " + remark)};
}

bool is_current(const Entry& entry) {
  return entry.state == State::valid && !entry.overlap_end && entry.kind != Kind::other;
}

const char* urged(Kind kind) {
  if (kind == Kind::ca) return "rotate-ca";
  return kind == Kind::crl ? "renew: adit pki crl" : "renew";
}

std::array<std::size_t, listing_columns> widths_of(const std::vector<Line>& lines) {
  std::array<std::size_t, listing_columns> widths{};
  for (const Line& line : lines) {
    for (std::size_t i = 0; i < listing_columns; ++i)
      widths[i] = std::max(widths[i], line[i].size());
  }
  return widths;
}

std::string padded(std::string_view cell, std::size_t width, bool right) {
  return right ? fmt::format("{:>{}}", cell, width) : fmt::format("{:<{}}", cell, width);
}

}  // namespace

std::string remark_of(const Entry& entry, WallTime now) {
  if (entry.overlap_end && entry.kind == Kind::ca) return "trusted until rotate-ca finish";
  if (entry.overlap_end) return fmt::format("renewed, ends {}", day_text(*entry.overlap_end));
  const auto step = is_current(entry) ? warning_step(entry.not_after, now) : std::nullopt;
  if (!step) return {};
  return fmt::format("{}{}", urged(entry.kind), *step <= 7 ? " now" : "");
}

std::string render_table(std::span<const Entry> entries, WallTime now) {
  std::vector<Line> lines{headings};
  for (const Entry& entry : entries) lines.push_back(line_of(entry, now));
  const auto widths = widths_of(lines);
  std::string text;
  for (const Line& line : lines) {
    for (std::size_t i = 0; i + 1 < listing_columns; ++i) {
      text += padded(line[i], widths[i], i == days_column) + "  ";
    }
    text += line.back() + "\n";
  }
  return text;
}

}  // namespace adit::pki
