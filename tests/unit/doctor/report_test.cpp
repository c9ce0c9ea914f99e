#include "doctor/report.h"

#include <gtest/gtest.h>

#include "base/json.h"

namespace adit::doctor {
namespace {

Report sample() {
  Report report{"server /etc/adit/server.conf"};
  report.ok("port", "port answers", "udp 127.0.0.1:1194 answers in 0.4 ms");
  report.failed("lan 192.168.1.0/24", "lan 192.168.1.0/24", "192.168.1.10 does not answer",
                "sysctl -w net.ipv4.ip_forward=1");
  report.not_tested("throughput", "throughput", "there is no session");
  report.notes.emplace_back("tested as client \"adit-doctor\"");
  return report;
}

TEST(DoctorReport, a_table_has_a_line_for_each_stage_with_evidence_and_cure) {
  EXPECT_EQ(render_table(sample(), 0, false),
            "server /etc/adit/server.conf\n\n"
            "  ok          port answers        udp 127.0.0.1:1194 answers in 0.4 ms\n"
            "  FAILED      lan 192.168.1.0/24  192.168.1.10 does not answer\n"
            "                                  -> sysctl -w net.ipv4.ip_forward=1\n"
            "  not tested  throughput          there is no session\n"
            "\n1 ok, 1 FAILED, 1 not tested\n"
            "tested as client \"adit-doctor\"\n");
}

TEST(DoctorReport, long_lines_are_wrapped_below_themselves) {
  Report report{"client x"};
  report.ok("port", "port", std::string(20, 'a') + " " + std::string(20, 'b'));
  EXPECT_EQ(render_table(report, 50, false),
            "client x\n\n  ok          port  " + std::string(20, 'a') + "\n" +
                std::string(20, ' ') + std::string(20, 'b') + "\n\n1 ok\n");
}

TEST(DoctorReport, colours_stand_around_the_states_only) {
  const std::string text = render_table(sample(), 0, true);
  EXPECT_NE(text.find("\033[32mok          \033[0m"), std::string::npos);
  EXPECT_NE(text.find("\033[1;31mFAILED      \033[0m"), std::string::npos);
}

TEST(DoctorReport, fails_only_when_a_stage_has_failed) {
  Report report = sample();
  EXPECT_TRUE(report.has_failed());
  EXPECT_EQ(report.find("throughput")->state, State::not_tested);
  EXPECT_EQ(report.find("nothing"), nullptr);
  std::erase_if(report.stages, [](const Stage& stage) { return stage.state == State::failed; });
  EXPECT_FALSE(report.has_failed());
}

TEST(DoctorReport, json_holds_all_of_it) {
  const Json json = Json::parse(render_json(sample()));
  EXPECT_EQ(json["failed"], true);
  EXPECT_EQ(json["stages"].size(), 3u);
  EXPECT_EQ(json["stages"][0]["state"], "ok");
  EXPECT_FALSE(json["stages"][0].contains("cure"));
  EXPECT_EQ(json["stages"][1]["state"], "failed");
  EXPECT_EQ(json["stages"][1]["cure"], "sysctl -w net.ipv4.ip_forward=1");
  EXPECT_EQ(json["stages"][2]["state"], "not tested");
}

}  // namespace
}  // namespace adit::doctor
