#include "pki/dates.h"

#include <algorithm>
#include <map>
#include <utility>

#include <fmt/core.h>

#include "base/text.h"
#include "pki/calendar.h"

namespace adit::pki {

namespace {

bool is_in_force(const Entry& entry) {
  return entry.kind != Kind::other && entry.state != State::revoked && !entry.overlap_end;
}

// By kind and name, the entry that lasts longest.
std::vector<const Entry*> current_of(std::span<const Entry> entries) {
  std::map<std::pair<Kind, std::string>, const Entry*> longest;
  for (const Entry& entry : entries) {
    if (!is_in_force(entry)) continue;
    const Entry*& known = longest[{entry.kind, entry.name}];
    if (known == nullptr || known->not_after < entry.not_after) known = &entry;
  }
  std::vector<const Entry*> current;
  current.reserve(longest.size());
  for (const auto& [key, entry] : longest) current.push_back(entry);
  std::ranges::stable_sort(current, {}, [](const Entry* entry) { return entry->not_after; });
  return current;
}

std::string subject_of(const DateWarning& warning) {
  if (warning.kind == Kind::crl) return "the revocation list";
  if (warning.kind == Kind::ca) return fmt::format("the authority {}", printable(warning.name));
  return fmt::format("the certificate of {} {}", name(warning.kind), printable(warning.name));
}

std::string cure_of(const DateWarning& warning) {
  if (warning.kind == Kind::crl) return "renew it: adit pki crl";
  if (warning.kind == Kind::ca) return "change to a new one: adit pki rotate-ca";
  return fmt::format("renew it: adit pki renew {}", printable(warning.name));
}

}  // namespace

std::optional<int> warning_step(WallTime end, WallTime now) {
  if (end < now) return 0;
  std::optional<int> reached;
  for (const int days : warning_days) {
    if (end <= after(now, std::chrono::days(days))) reached = days;
  }
  return reached;
}

std::vector<DateWarning> warnings(std::span<const Entry> entries, WallTime now) {
  std::vector<DateWarning> due;
  for (const Entry* entry : current_of(entries)) {
    const auto step = warning_step(entry->not_after, now);
    if (!step || (*step == 0 && entry->kind == Kind::client)) continue;
    due.push_back({entry->kind, entry->name, entry->not_after, days_left(*entry, now), *step});
  }
  return due;
}

std::string text_of(const DateWarning& warning) {
  const std::string day = day_text(warning.end);
  const std::string when = warning.step == 0
                               ? fmt::format("ended on {}", day)
                               : fmt::format("ends in {} day{}, on {}", warning.days_left,
                                             warning.days_left == 1 ? "" : "s", day);
  return fmt::format("{} {} - {}", subject_of(warning), when, cure_of(warning));
}

}  // namespace adit::pki
