#include "node/disorder_report.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "tests/sim/fakes.h"

namespace adit::node {
namespace {

using namespace std::chrono_literals;
using plane::Disorder;

constexpr crypto::ReplayLimits stock{64, 15};
constexpr DisorderReport::Key aead{true, 0};

auto lines_with(const sim::MemoryLog& log, std::string_view words) {
  return std::ranges::count_if(
      log.lines, [&](const std::string& line) { return line.find(words) != std::string::npos; });
}

TEST(ExplainDisorder, names_numbers_cause_and_cure) {
  struct Row {
    Disorder fresh;
    crypto::ReplayLimits limits;
    std::vector<std::string_view> says;
    std::vector<std::string_view> says_not;
  };
  const Row rows[] = {
      {{.reordered = 9, .deepest_reordered = 5}, stock, {}, {"packets"}},
      {{.late = 412, .deepest_late = 104},
       stock,
       {"412 late packets (max 104 behind) dropped; replay-window is 64, try \"replay-window "
        "1024\"",
        "several paths or jitter"},
       {"duplicate", "fragments", "out of order"}},
      {{.late = 1, .deepest_late = 900},
       {512, 0},
       {"1 late packet (", "\"replay-window 4096\""},
       {}},
      {{.late = 3, .deepest_late = 40'000}, stock, {"\"replay-window 65536\""}, {}},
      {{.late = 3, .deepest_late = 70'000}, stock, {"somebody may be sending old"}, {"try"}},
      {{.late = 3, .deepest_late = 20}, stock, {"more than 15 s", "\"replay-window 64 60\""}, {}},
      {{.late = 50, .deepest_late = 90, .in_fragments = 700},
       stock,
       {"50 late packets", "700 large packets came in outer fragments", "tun-mtu", "mssfix"},
       {"several paths"}},
      {{.late = 500, .deepest_late = 90, .in_fragments = 2}, stock, {"several paths"}, {"outer"}},
      {{.repeated = 836},
       stock,
       {"836 duplicate packets", "a duplicated link", "mute-replay-warnings"},
       {"late", "try"}},
      {{.late = 2, .repeated = 90, .reordered = 7, .deepest_late = 80, .deepest_reordered = 60},
       stock,
       {"90 duplicate packets", "2 late packets", "7 more came out of order (max 60 behind)"},
       {}},
  };
  for (const Row& row : rows) {
    const std::string said = explain_disorder(row.fresh, row.limits);
    for (const auto words : row.says) EXPECT_NE(said.find(words), std::string::npos) << said;
    for (const auto words : row.says_not) EXPECT_EQ(said.find(words), std::string::npos) << said;
  }
}

TEST(DisorderReport, repeats_stock_once_a_look_and_explains_once_a_minute) {
  sim::MemoryLog kept("test");
  DisorderReport report(stock, false);
  const Instant start{1h};
  report.look({.reordered = 4, .deepest_reordered = 3}, aead, start, Log(kept));
  EXPECT_EQ(lines_with(kept, "bad packet ID") + lines_with(kept, "dropped"), 0);
  report.look({.late = 3, .deepest_late = 104, .last_refused = 68}, aead, start, Log(kept));
  EXPECT_EQ(lines_with(kept, "AEAD Decrypt error: bad packet ID (may be a replay): [ #68 ] -- "),
            1);
  EXPECT_EQ(lines_with(kept, "(the last of 3)"), 1);
  EXPECT_EQ(lines_with(kept, "3 late packets (max 104 behind) dropped"), 1);
  report.look({.late = 5, .deepest_late = 104}, aead, start + 10s, Log(kept));
  report.look({.late = 9, .deepest_late = 104}, aead, start + 50s, Log(kept));
  EXPECT_EQ(lines_with(kept, "bad packet ID"), 3);
  EXPECT_EQ(lines_with(kept, "late packets"), 1);
  report.look({.late = 9, .deepest_late = 104}, aead, start + 60s, Log(kept));
  EXPECT_EQ(lines_with(kept, "bad packet ID"), 3) << "nothing came since";
  EXPECT_EQ(lines_with(kept, "6 late packets"), 1);
  report.look({.late = 9, .deepest_late = 104}, aead, start + 200s, Log(kept));
  EXPECT_EQ(lines_with(kept, "late packets"), 2);
}

TEST(DisorderReport, has_the_words_of_the_other_ciphers_and_of_verb_4) {
  sim::MemoryLog kept("test");
  kept.show(4);
  DisorderReport report(stock, false);
  report.look({.late = 1, .repeated = 1, .deepest_late = 104, .last_refused = 7}, {false, 3},
              Instant(1h), Log(kept));
  EXPECT_EQ(lines_with(kept,
                       "Authenticate/Decrypt packet error: bad packet ID (may be a replay): "
                       "[ #7 ]"),
            1);
  EXPECT_EQ(lines_with(kept, "PID_ERR replay-window backtrack occurred [104] [SSL-3]"), 1);
  EXPECT_EQ(lines_with(kept, "PID_ERR large diff [104]"), 1);
  EXPECT_EQ(lines_with(kept, "PID_ERR replay [0]"), 1);
}

TEST(DisorderReport, is_silent_when_muted) {
  sim::MemoryLog kept("test");
  DisorderReport report(stock, true);
  report.look({.late = 3, .repeated = 3}, aead, Instant(1h), Log(kept));
  EXPECT_TRUE(kept.lines.empty());
}

}  // namespace
}  // namespace adit::node
