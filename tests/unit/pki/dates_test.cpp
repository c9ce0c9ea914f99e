#include "pki/dates.h"

#include <gtest/gtest.h>

#include "tests/unit/pki/scratch.h"

namespace adit::pki {
namespace {

Entry entry(Kind kind, const std::string& name, int days, State state = State::valid) {
  return {name, kind, "AA", noon, days_later(days), state, {}, {}};
}

struct StepCase {
  int seconds_left;
  std::optional<int> step;
};

TEST(CertificateDates, reach_a_step_at_sixty_thirty_and_seven_days) {
  constexpr int day = 86400;
  const StepCase cases[]{
      {61 * day, {}}, {60 * day + 1, {}}, {60 * day, 60}, {31 * day, 60}, {30 * day, 30},
      {8 * day, 30},  {7 * day, 7},       {1, 7},         {0, 7},         {-1, 0},
  };
  for (const auto& [seconds, step] : cases) {
    EXPECT_EQ(warning_step({noon.seconds + seconds}, noon), step) << seconds;
  }
}

TEST(CertificateDates, warn_of_all_that_runs_out_the_nearest_first) {
  const std::vector<Entry> entries{entry(Kind::ca, "adit CA", 59), entry(Kind::server, "gw", 29),
                                   entry(Kind::client, "anna", 5), entry(Kind::client, "bert", 90),
                                   entry(Kind::crl, "crl.pem", 20)};
  std::vector<std::string> seen;
  for (const DateWarning& warning : warnings(entries, noon)) {
    seen.push_back(warning.name + " " + std::to_string(warning.step));
  }
  EXPECT_EQ(seen, (std::vector<std::string>{"anna 7", "crl.pem 30", "gw 30", "adit CA 60"}));
}

TEST(CertificateDates, leave_out_what_nobody_uses_any_more) {
  Entry renewed = entry(Kind::server, "gw", 5);
  renewed.overlap_end = days_later(3);
  const std::vector<Entry> entries{renewed,
                                   entry(Kind::server, "gw", 800),
                                   entry(Kind::client, "anna", 5, State::revoked),
                                   entry(Kind::client, "bert", -3, State::expired),
                                   entry(Kind::client, "carl", 5),
                                   entry(Kind::client, "carl", 700),
                                   entry(Kind::other, "mail", 5)};
  EXPECT_TRUE(warnings(entries, noon).empty());
}

TEST(CertificateDates, go_on_warning_of_a_server_or_authority_that_has_expired) {
  const std::vector<Entry> entries{entry(Kind::server, "gw", -3, State::expired)};
  const auto due = warnings(entries, noon);
  ASSERT_EQ(due.size(), 1u);
  EXPECT_EQ(due[0].step, 0);
  EXPECT_EQ(due[0].days_left, -3);
  EXPECT_EQ(text_of(due[0]),
            "the certificate of server gw ended on 2026-11-19 - renew it: adit pki renew gw");
}

TEST(CertificateDates, say_what_to_do) {
  const std::vector<Entry> entries{entry(Kind::ca, "adit CA", 30), entry(Kind::crl, "", 20),
                                   entry(Kind::client, "anna", 1)};
  const auto due = warnings(entries, noon);
  ASSERT_EQ(due.size(), 3u);
  EXPECT_EQ(text_of(due[0]),
            "the certificate of client anna ends in 1 day, on 2026-11-23 - renew it: adit pki "
            "renew anna");
  EXPECT_EQ(text_of(due[1]),
            "the revocation list ends in 20 days, on 2026-12-12 - renew it: adit pki crl");
  EXPECT_EQ(text_of(due[2]),
            "the authority adit CA ends in 30 days, on 2026-12-22 - change to a new one: adit pki "
            "rotate-ca");
}

}  // namespace
}  // namespace adit::pki
