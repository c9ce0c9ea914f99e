#include "node/expiry_watch.h"

#include <algorithm>
#include <array>
#include <chrono>

#include "base/text.h"
#include "tls/dates.h"

namespace adit::node {

namespace {

constexpr std::int64_t day = 86'400;
constexpr std::array<int, 4> steps{60, 30, 7, 0};  // days before
constexpr int never = steps.front() + 1;

constexpr const char* cure_certificate =
    "renew it in time (\"adit pki renew NAME\" where adit made it); a new one in its place is "
    "taken "
    "up while running";
constexpr const char* cure_authority =
    "all certificates under it end with it: change to a new one in time (\"adit pki rotate-ca\")";
constexpr const char* cure_list =
    "once it is out of date everybody is refused: make a new one in time (\"adit pki crl\")";

// The last step that was reached.
int step_at(WallTime now, WallTime until) {
  int reached = never;
  for (const int step : steps) {
    if (until.seconds - now.seconds <= step * day) reached = step;
  }
  return reached;
}

std::string days_or_hours(std::int64_t seconds) {
  if (seconds >= 2 * day) return fmt::format("{} days", seconds / day);
  return fmt::format("{} hours", seconds / 3600);
}

std::string warning(const Expiry& date, WallTime now) {
  const std::int64_t left = date.until.seconds - now.seconds;
  const std::string when = date_text(date.until);
  const std::string what = left > 0
                               ? fmt::format("runs out in {}, on {}", days_or_hours(left), when)
                               : fmt::format("has run out on {}", when);
  return fmt::format("{}, {}: {}", date.what, what, date.cure);
}

const char* cure_of(Expiry::Kind kind) {
  if (kind == Expiry::Kind::list) return cure_list;
  return kind == Expiry::Kind::authority ? cure_authority : cure_certificate;
}

void add(std::vector<Expiry>& all, Expiry::Kind kind, const tls::NamedPem& pem,
         const std::vector<tls::Term>& terms) {
  for (const tls::Term& term : terms) {
    all.push_back({kind, fmt::format("{}, \"{}\"", pem.name, printable(term.name)), term.until,
                   cure_of(kind)});
  }
}

}  // namespace

std::vector<Expiry> expiries_of(const tls::Setup& setup) {
  std::vector<Expiry> all;
  auto own = tls::certificate_terms(setup.cert.text);
  if (own.size() > 1) own.resize(1);  // the rest are authorities
  add(all, Expiry::Kind::certificate, setup.cert, own);
  add(all, Expiry::Kind::authority, setup.ca, tls::certificate_terms(setup.ca.text));
  add(all, Expiry::Kind::list, setup.crl, tls::list_terms(setup.crl.text));
  return all;
}

void ExpiryWatch::set(std::vector<Expiry> dates) {
  std::vector<int> told;
  for (const Expiry& date : dates) {
    const auto known = std::ranges::find_if(dates_, [&](const Expiry& old) {
      return old.what == date.what && old.until == date.until;
    });
    told.push_back(known == dates_.end() ? never
                                         : told_[static_cast<std::size_t>(known - dates_.begin())]);
  }
  dates_ = std::move(dates);
  told_ = std::move(told);
}

std::vector<std::string> ExpiryWatch::due(WallTime now) {
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < dates_.size(); ++i) {
    const int step = step_at(now, dates_[i].until);
    if (step >= told_[i]) continue;
    told_[i] = step;
    lines.push_back(warning(dates_[i], now));
  }
  return lines;
}

std::string date_text(WallTime at) {
  using namespace std::chrono;
  const sys_seconds time{seconds(at.seconds)};
  const auto midnight = floor<days>(time);
  const year_month_day date(midnight);
  const hh_mm_ss clock(time - midnight);
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02} UTC", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count());
}

}  // namespace adit::node
