#include "pki/listing.h"

#include <gtest/gtest.h>

#include "base/json.h"
#include "tests/unit/pki/scratch.h"

namespace adit::pki {
namespace {

std::vector<Entry> sample() {
  return {
      {"adit CA", Kind::ca, "AA01", noon, days_later(3650), State::valid, {}},
      {"gw", Kind::server, "BB02", noon, days_later(-1), State::expired, {}},
      {"anna",
       Kind::other,
       "CC03",
       {},
       days_later(10),
       State::revoked,
       Revocation{days_later(-2), "keyCompromise"}},
  };
}

TEST(CertificateListing, is_a_table_with_aligned_columns) {
  EXPECT_EQ(render_table(sample(), noon),
            "NAME     KIND    STATE    DAYS  FROM        UNTIL       SERIAL\n"
            "adit CA  ca      valid    3650  2026-11-22  2036-11-19  AA01\n"
            "gw       server  expired     -  2026-11-22  2026-11-21  BB02\n"
            "anna     other   revoked     -  -           2026-12-02  CC03\n");
}

TEST(CertificateListing, marks_what_comes_near_its_end_and_what_was_renewed) {
  std::vector<Entry> entries = sample();
  entries[0].not_after = days_later(50);
  entries[1] = {"gw", Kind::server, "BB02", noon, days_later(6), State::valid, {}, {}};
  entries[2] = {"gw", Kind::server, "BB01", noon, days_later(5), State::valid, {}, days_later(3)};
  entries.push_back({"crl.pem", Kind::crl, "-", noon, days_later(20), State::valid, {}, {}});
  EXPECT_EQ(render_table(entries, noon),
            "NAME     KIND    STATE  DAYS  FROM        UNTIL       SERIAL\n"
            "adit CA  ca      valid    50  2026-11-22  2027-01-11  AA01  rotate-ca\n"
            "gw       server  valid     6  2026-11-22  2026-11-28  BB02  renew now\n"
            "gw       server  valid     5  2026-11-22  2026-11-27  BB01  renewed, ends 2026-11-25\n"
            "crl.pem  crl     valid    20  2026-11-22  2026-12-12  -  renew: adit pki crl\n");
  const Json json = Json::parse(render_json(entries, noon));
  EXPECT_EQ(json[0]["warning"], 60);
  EXPECT_EQ(json[1]["warning"], 7);
  EXPECT_EQ(json[2]["overlap_end"], "2026-11-25T10:01:27Z");
  EXPECT_FALSE(json[2].contains("warning"));
}

TEST(CertificateListing, shows_no_control_characters_of_foreign_names) {
  std::vector<Entry> entries = sample();
  entries[0].name = "x\x1b[2J";
  EXPECT_EQ(render_table(entries, noon).find('\x1b'), std::string::npos);
}

TEST(CertificateListing, is_json_for_programs) {
  const Json json = Json::parse(render_json(sample(), noon));
  ASSERT_EQ(json.size(), 3u);
  EXPECT_EQ(json[0], (Json{{"name", "adit CA"},
                           {"kind", "ca"},
                           {"serial", "AA01"},
                           {"not_before", "2026-11-22T10:01:27Z"},
                           {"not_after", "2036-11-19T10:01:27Z"},
                           {"days_left", 3650},
                           {"state", "valid"}}));
  EXPECT_EQ(json[1]["days_left"], -1);
  EXPECT_TRUE(json[2]["not_before"].is_null());
  EXPECT_EQ(json[2]["revoked_at"], "2026-11-20T10:01:27Z");
  EXPECT_EQ(json[2]["reason"], "keyCompromise");
}

TEST(CertificateListing, survives_a_name_that_is_not_utf_8) {
  std::vector<Entry> entries = sample();
  entries[0].name = "\xff\xfe";
  EXPECT_EQ(Json::parse(render_json(entries, noon)).size(), 3u);
}

TEST(CertificateListing, counts_whole_days_and_goes_below_zero_at_once) {
  Entry entry{};
  constexpr std::pair<int, int> cases[]{{0, 0},   {86399, 0},   {86400, 1},
                                        {-1, -1}, {-86400, -1}, {-86401, -2}};
  for (const auto& [seconds, days] : cases) {
    entry.not_after = {noon.seconds + seconds};
    EXPECT_EQ(days_left(entry, noon), days) << seconds;
  }
}

class CertificateListingOf : public ScratchTest {};

TEST_F(CertificateListingOf, a_directory_names_kinds_and_states) {
  make_authority();
  issue(Kind::server, "gw");
  issue(Kind::client, "anna");
  issue(Kind::client, "bert");
  revoke("bert");
  const auto entries = list(days_later(800));
  ASSERT_EQ(entries.size(), 4u);
  EXPECT_EQ(entries[0].name, "adit CA");
  EXPECT_EQ(entries[0].kind, Kind::ca);
  EXPECT_EQ(entries[1].kind, Kind::server);
  EXPECT_EQ(entries[2].kind, Kind::client);
  EXPECT_EQ(entries[2].not_before, noon);
  EXPECT_EQ(days_left(entries[2], days_later(800)), 25);
  EXPECT_EQ(entries[3].state, State::revoked);
  EXPECT_EQ(entries[3].kind, Kind::client);
  EXPECT_EQ(list(days_later(826))[2].state, State::expired);
}

}  // namespace
}  // namespace adit::pki
