#include "bench/load_report.h"

#include <gtest/gtest.h>

#include "base/json.h"
#include "bench/progress.h"

namespace adit::bench {
namespace {

using namespace std::chrono_literals;

std::vector<Duration> milliseconds(int count) {
  std::vector<Duration> made;
  for (int i = count; i >= 1; --i) made.emplace_back(std::chrono::milliseconds(i));
  return made;
}

LoadReport hundred() {
  LoadReport report;
  report.server = "192.0.2.1:1194 (udp)";
  report.wanted = report.started = 100;
  report.rate = 50;
  report.connected = 97;
  report.failures = {{"AUTH_FAILED", 1}, {"no answer from the server", 2}};
  report.latencies = milliseconds(97);
  report.connecting = 2s;
  report.own_cpu = 97ms;
  report.elapsed = 3s;
  return report;
}

TEST(LoadReport, PercentilesAreByNearestRank) {
  std::vector<Duration> sorted = milliseconds(10);
  std::ranges::sort(sorted);
  EXPECT_EQ(percentile(sorted, 0.5), 5ms);
  EXPECT_EQ(percentile(sorted, 0.9), 9ms);
  EXPECT_EQ(percentile(sorted, 0.99), 10ms);
  EXPECT_EQ(percentile(sorted, 1), 10ms);
  EXPECT_EQ(percentile(sorted, 0), 1ms);
  EXPECT_EQ(percentile({}, 0.5), 0ms);
}

TEST(LoadReport, TheTableNamesWhatFailedMostFrequentFirst) {
  const std::string text = render_load_table(hundred());
  const auto silence = text.find("       2  no answer from the server\n");
  const auto refused = text.find("       1  AUTH_FAILED\n");
  ASSERT_NE(silence, std::string::npos) << text;
  ASSERT_NE(refused, std::string::npos) << text;
  EXPECT_LT(silence, refused);
  EXPECT_NE(text.find("handshakes a second         48.5"), std::string::npos) << text;
}

TEST(LoadReport, JsonHoldsTheSameNumbers) {
  const Json document = Json::parse(render_load_json(hundred()));
  EXPECT_EQ(document["connected"], 97);
  EXPECT_EQ(document["failed"], 3);
  EXPECT_EQ(document["failures"]["AUTH_FAILED"], 1);
  EXPECT_DOUBLE_EQ(document["latency_ms"]["p50"].get<double>(), 49);
  EXPECT_DOUBLE_EQ(document["latency_ms"]["max"].get<double>(), 97);
  EXPECT_DOUBLE_EQ(document["own_cpu_ms_per_handshake"].get<double>(), 1);
}

TEST(LoadReport, AllConnectedMeansAllThatWereWantedAndNoneLost) {
  LoadReport report = hundred();
  EXPECT_FALSE(report.all_connected());
  report.failures.clear();
  report.connected = 100;
  EXPECT_TRUE(report.all_connected());
  report.losses["the server fell silent (ping-restart)"] = 1;
  EXPECT_FALSE(report.all_connected());
  report.losses.clear();
  report.started = report.connected = 60;  // interrupted
  EXPECT_FALSE(report.all_connected());
}

TEST(LoadReport, NothingStartedIsNoDivisionByZero) {
  const std::string text = render_load_table(LoadReport{});
  EXPECT_EQ(text.find("nan"), std::string::npos);
  EXPECT_EQ(text.find("inf"), std::string::npos);
}

TEST(Progress, TheBarFillsWithTheShare) {
  EXPECT_EQ(bar(0, 4), "[....]");
  EXPECT_EQ(bar(0.5, 4), "[##..]");
  EXPECT_EQ(bar(1, 4), "[####]");
  EXPECT_EQ(bar(7, 4), "[####]");
}

}  // namespace
}  // namespace adit::bench
