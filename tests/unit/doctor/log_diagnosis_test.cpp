#include "doctor/log_diagnosis.h"

#include <gtest/gtest.h>

#include "doctor/log_lines.h"

namespace adit::doctor {
namespace {

constexpr const char* ready =
    "2026-11-26 00:09:29 UDPv4 link remote: [AF_UNSPEC]\n"
    "2026-11-26 00:09:29 IFCONFIG POOL IPv4: base=10.8.0.2 size=253\n"
    "2026-11-26 00:09:29 Initialization Sequence Completed\n";
constexpr const char* dialled =
    "2026-11-26 00:09:29 UDPv4 link remote: [AF_INET]203.0.113.2:1194\n";
constexpr const char* timeout =
    "TLS Error: TLS key negotiation failed to occur within 60 seconds (check your network "
    "connectivity)\nTLS Error: TLS handshake failed\n";

std::vector<Cause> causes(const std::string& log) {
  std::vector<Cause> found;
  for (const Trouble& trouble : diagnose_log(log).troubles) found.push_back(trouble.cause);
  return found;
}

using Causes = std::vector<Cause>;

TEST(LogDiagnosis, time_stamps_of_all_kinds_are_no_part_of_a_line) {
  EXPECT_EQ(without_time("2026-11-26 00:09:29 us=77983 VERIFY OK"), "VERIFY OK");
  EXPECT_EQ(without_time("2026-11-26 00:09:29 VERIFY OK"), "VERIFY OK");
  EXPECT_EQ(without_time("Nov 26 00:09:29 host adit[17]: VERIFY OK"), "VERIFY OK");
  EXPECT_EQ(without_time("VERIFY OK"), "VERIFY OK");
  EXPECT_EQ(without_time(""), "");
}

TEST(LogDiagnosis, a_peer_is_known_by_its_address_wherever_it_stands) {
  EXPECT_EQ(read_line("laptop/198.51.100.2:41000 VERIFY EKU ERROR", 1).peer, "198.51.100.2");
  EXPECT_EQ(read_line("198.51.100.2:41000 VERIFY EKU ERROR", 1).peer, "198.51.100.2");
  EXPECT_EQ(
      read_line("TLS Error: tls-crypt unwrapping failed from [AF_INET]198.51.100.2:41", 1).peer,
      "198.51.100.2");
  EXPECT_EQ(read_line("TLS: Initial packet from [AF_INET6]2001:db8::2:1194, sid=1 2", 1).peer,
            "2001:db8::2");
  EXPECT_EQ(read_line("Initialization Sequence Completed", 1).peer, "");
}

TEST(LogDiagnosis, a_server_that_nobody_asked) {
  const std::string ours = "Data channel crypto: OpenSSL\n" + std::string(ready);
  EXPECT_EQ(causes(ours), Causes{Cause::no_packet});
  EXPECT_EQ(diagnose_log(ours).troubles[0].number, 4u);
  EXPECT_EQ(causes(std::string(ready) + "SIGTERM[hard,] received, process exiting\n"),
            Causes{Cause::no_packet});
}

TEST(LogDiagnosis, a_stock_server_that_has_said_nothing_since_may_have_answered) {
  EXPECT_EQ(causes(ready), Causes{Cause::unheard});
  EXPECT_EQ(causes(std::string(ready) + "Connection Attempt OpenVPN STATISTICS\n"),
            Causes{Cause::answer_lost});
}

TEST(LogDiagnosis, an_answer_that_is_lost) {
  const std::string ours =
      "TLS: the first packet of [AF_INET]198.51.100.2:52819 was answered, and it came again: our "
      "answer does not reach it\n";
  EXPECT_EQ(causes(ready + ours), Causes{Cause::answer_lost});
  EXPECT_EQ(causes(std::string(ready) +
                   "UDPv4 READ [14] from [AF_INET]198.51.100.2:5: P_CONTROL_HARD_RESET_CLIENT_V2 "
                   "kid=0\n"),
            Causes{Cause::answer_lost});
}

TEST(LogDiagnosis, wrong_keys_and_directions) {
  const std::string auth =
      "TLS Error: incoming packet authentication failed from [AF_INET]198.51.100.2:38852\n";
  EXPECT_EQ(causes(ready + auth), Causes{Cause::wrong_key});
  EXPECT_EQ(causes(ready + auth +
                   "198.51.100.2:38852 has the right tls-auth key and the wrong direction: it must "
                   "be 0 on one side and 1 on the other\n" +
                   auth),
            Causes{Cause::wrong_direction});
  EXPECT_EQ(causes(std::string(ready) + "TLS Error: can not extract tls-crypt-v2 client key from "
                                        "[AF_INET]198.51.100.2:1\n"),
            Causes{Cause::wrong_key});
}

TEST(LogDiagnosis, a_refused_certificate_says_which_date_name_or_usage) {
  const auto said = [](const std::string& line) {
    const auto troubles =
        diagnose_log(std::string(ready) + "198.51.100.2:5 " + line + "\n").troubles;
    return troubles.size() == 1 && troubles[0].cause == Cause::certificate ? troubles[0].what : "?";
  };
  EXPECT_NE(
      said("VERIFY ERROR: depth=0, error=certificate has expired: CN=x, serial=7").find("date"),
      std::string::npos);
  EXPECT_NE(said("VERIFY ERROR: depth=0, error=certificate is not yet valid: CN=x").find("date"),
            std::string::npos);
  EXPECT_NE(said("VERIFY X509NAME ERROR: CN=x, must be y").find("name"), std::string::npos);
  EXPECT_NE(said("VERIFY EKU ERROR").find("usage"), std::string::npos);
  EXPECT_EQ(
      said("VERIFY ERROR: depth=0, error=format error in certificate's notAfter field: CN=x"),
      "the other side's certificate is refused: format error in certificate's notAfter field");
}

TEST(LogDiagnosis, the_same_alert_means_another_thing_before_and_after_the_certificates) {
  const std::string alert =
      "OpenSSL: error:0A000410:SSL routines::sslv3 alert handshake failure:SSL alert number 40\n";
  EXPECT_EQ(causes(dialled + alert), Causes{Cause::no_shared_cipher});
  EXPECT_EQ(causes(dialled + std::string("VERIFY OK: depth=0, CN=server\n") + alert),
            Causes{Cause::certificate});
  EXPECT_EQ(causes(std::string(ready) + "198.51.100.2:5 " + alert), Causes{Cause::certificate});
}

TEST(LogDiagnosis, a_client_that_never_asks_for_its_options) {
  const std::string connected =
      "198.51.100.2:5 [laptop] Peer Connection Initiated with [AF_INET]198.51.100.2:5\n";
  EXPECT_EQ(causes(ready + connected), Causes{Cause::no_push_request});
  EXPECT_EQ(
      causes(ready + connected +
             "laptop/198.51.100.2:5 SENT CONTROL [laptop]: 'PUSH_REPLY,ping 10' (status=1)\n"),
      Causes{});
}

TEST(LogDiagnosis, a_client_knows_only_that_nothing_came_back) {
  EXPECT_EQ(causes(std::string(dialled) + timeout), Causes{Cause::no_answer});
  EXPECT_EQ(causes(std::string(dialled) + "TLS: Initial packet from [AF_INET]203.0.113.2:1194\n" +
                   timeout),
            Causes{Cause::fell_silent});
  EXPECT_EQ(causes(std::string(dialled) + "read UDPv4 [ECONNREFUSED]: Connection refused\n"),
            Causes{Cause::no_answer});
}

TEST(LogDiagnosis, what_works_in_the_end_is_no_trouble) {
  EXPECT_EQ(causes(std::string(dialled) + timeout + dialled +
                   "SENT CONTROL [server]: 'PUSH_REQUEST' (status=1)\n"
                   "PUSH: Received control message: 'PUSH_REPLY,ping 10'\n"
                   "Initialization Sequence Completed\n"),
            Causes{});
}

TEST(LogDiagnosis, each_peer_of_a_server_has_its_own_story_the_latest_first) {
  const auto diagnosis = diagnose_log(std::string(ready) +
                                      "198.51.100.2:5 VERIFY EKU ERROR\n"
                                      "198.51.100.3:6 OpenSSL: error::SSL routines::no shared "
                                      "cipher:\n");
  ASSERT_EQ(diagnosis.troubles.size(), 2u);
  EXPECT_EQ(diagnosis.troubles[0].peer, "198.51.100.3");
  EXPECT_EQ(diagnosis.troubles[1].peer, "198.51.100.2");
}

TEST(LogDiagnosis, stages_before_the_failed_one_were_passed_and_those_after_it_not_tested) {
  const Report report = report_on_log(
      diagnose_log(std::string(ready) + "198.51.100.2:5 VERIFY EKU ERROR\n"), "server.log");
  EXPECT_EQ(report.find("key")->state, State::ok);
  EXPECT_EQ(report.find("certificate")->state, State::failed);
  EXPECT_EQ(report.find("push-request")->state, State::not_tested);
  EXPECT_NE(report.find("certificate")->evidence.find("line 4: 198.51.100.2:5 VERIFY EKU ERROR"),
            std::string::npos);
}

TEST(LogDiagnosis, a_text_that_is_no_log_says_nothing) {
  EXPECT_FALSE(report_on_log(diagnose_log("hello\nworld\n"), "x").has_failed());
  EXPECT_FALSE(report_on_log(diagnose_log(""), "x").has_failed());
}

}  // namespace
}  // namespace adit::doctor
