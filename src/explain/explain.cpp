#include "explain/explain.h"

#include <algorithm>
#include <array>
#include <map>

#include "base/text.h"
#include "explain/catalogue.h"
#include "explain/pattern.h"

namespace adit::explain {

namespace {

constexpr std::size_t most_unknown = 10;

struct Hit {
  const Entry* entry;
  std::vector<std::string> stars;
};

std::optional<Hit> find_entry(std::string_view line) {
  for (const std::vector<Entry>* page : pages()) {
    for (const Entry& entry : *page) {
      for (const std::string_view pattern : entry.patterns) {
        if (auto stars = match(pattern, line)) return Hit{&entry, std::move(*stars)};
      }
    }
  }
  return std::nullopt;
}

bool sounds_like_trouble(std::string_view line) {
  constexpr std::array<std::string_view, 8> words{"error", "Error",  "ERROR",  "WARNING",
                                                  "fail",  "Cannot", "cannot", "refused"};
  return std::ranges::any_of(words,
                             [&](std::string_view word) { return line.find(word) != line.npos; });
}

// A line of the log that fits one of the patterns; its number from 1, or 0.
std::size_t find_evidence(const Cause& cause, const std::vector<std::string_view>& lines) {
  for (std::size_t i = 0; i < lines.size(); ++i) {
    for (const std::string_view pattern : cause.evidence) {
      if (match(pattern, lines[i])) return i + 1;
    }
  }
  return 0;
}

Finding make_finding(const Hit& hit, std::string_view line, std::size_t number) {
  Finding made;
  made.entry = hit.entry;
  made.line = printable(line);
  made.first = number;
  made.title = printable(fill(hit.entry->title, line, hit.stars));
  made.meaning = printable(fill(hit.entry->meaning, line, hit.stars));
  for (const Cause& cause : hit.entry->causes) {
    made.reasons.push_back({printable(fill(cause.what, line, hit.stars)),
                            printable(fill(cause.cure, line, hit.stars)),
                            {},
                            0});
  }
  return made;
}

// Causes that other lines speak for come first, each with that line.
void weigh(Finding& finding, const std::vector<std::string_view>& lines) {
  for (std::size_t i = 0; i < finding.reasons.size(); ++i) {
    const std::size_t seen = find_evidence(finding.entry->causes[i], lines);
    if (seen == 0) continue;
    finding.reasons[i].seen = printable(lines[seen - 1]);
    finding.reasons[i].seen_line = seen;
  }
  std::stable_partition(finding.reasons.begin(), finding.reasons.end(),
                        [](const Reason& reason) { return reason.seen_line > 0; });
}

}  // namespace

Report explain(std::string_view log) {
  Report report;
  std::vector<std::string_view> lines = split(log, '\n');
  std::map<const Entry*, std::size_t> places;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    lines[i] = trim(lines[i]);
    if (lines[i].empty()) continue;
    ++report.lines;
    const auto hit = find_entry(lines[i]);
    if (!hit) {
      if (!sounds_like_trouble(lines[i])) continue;
      ++report.unknown_count;
      if (report.unknown.size() < most_unknown) {
        report.unknown.push_back({printable(lines[i]), i + 1});
      }
      continue;
    }
    const auto [place, is_new] = places.emplace(hit->entry, report.findings.size());
    if (is_new) report.findings.push_back(make_finding(*hit, lines[i], i + 1));
    Finding& finding = report.findings[place->second];
    finding.last = i + 1;
    ++finding.count;
  }
  for (Finding& finding : report.findings) weigh(finding, lines);
  std::ranges::stable_sort(report.findings, {},
                           [](const Finding& finding) { return finding.entry->weight; });
  return report;
}

}  // namespace adit::explain
