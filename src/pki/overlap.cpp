#include "pki/overlap.h"

#include <algorithm>

#include <fmt/core.h>

#include "base/text.h"
#include "pki/calendar.h"
#include "pki/index.h"

namespace adit::pki {

namespace {

constexpr std::size_t overlap_columns = 4;

std::optional<Overlap> parse_line(std::string_view line) {
  const auto cells = split(line, '\t');
  if (cells.size() != overlap_columns || !is_serial(cells[0]) || !is_serial(cells[2]))
    return std::nullopt;
  const auto end = parse_asn1_text(cells[1]);
  if (!end) return std::nullopt;
  return Overlap{std::string(cells[0]), *end, std::string(cells[2]), std::string(cells[3])};
}

}  // namespace

Result<std::vector<Overlap>> parse_overlaps(std::string_view text, std::string_view file) {
  std::vector<Overlap> overlaps;
  int number = 0;
  for (const std::string_view line : split(text, '\n')) {
    ++number;
    if (line.empty() || line.front() == '#') continue;
    auto overlap = parse_line(line);
    if (!overlap) {
      return fail_with({fmt::format("cannot read line {} of {}", number, file),
                        "restore the file from a backup, or remove the line: then the renewed "
                        "certificate in it lives on until its own end"});
    }
    overlaps.push_back(std::move(*overlap));
  }
  return overlaps;
}

std::string render_overlaps(const std::vector<Overlap>& overlaps) {
  std::string text = "# renewed certificate, revoked after, followed by, name\n";
  for (const auto& [before, end, after, name] : overlaps) {
    text += fmt::format("{}\t{}\t{}\t{}\n", before, asn1_text(end), after, name);
  }
  return text;
}

std::optional<WallTime> first_overlap_end(std::string_view text) {
  const auto overlaps = parse_overlaps(text, "");
  if (!overlaps || overlaps->empty()) return std::nullopt;
  return std::ranges::min(*overlaps, {}, &Overlap::end).end;
}

const Overlap* find_overlap(const std::vector<Overlap>& overlaps, std::string_view before) {
  const auto found = std::ranges::find(overlaps, before, &Overlap::before);
  return found == overlaps.end() ? nullptr : &*found;
}

std::vector<std::string> predecessors(const std::vector<Overlap>& overlaps,
                                      const std::string& serial) {
  std::vector<std::string> found;
  std::vector<std::string> open{serial};
  while (!open.empty()) {
    const std::string follower = open.back();
    open.pop_back();
    for (const Overlap& overlap : overlaps) {
      const bool known = std::ranges::find(found, overlap.before) != found.end();
      if (overlap.after != follower || known) continue;
      found.push_back(overlap.before);
      open.push_back(overlap.before);
    }
  }
  return found;
}

}  // namespace adit::pki
