#include "options/parser.h"

#include <gtest/gtest.h>

#include "tests/unit/options/reading.h"

namespace adit::options::testing {
namespace {

const Issue& only(const Issues& issues) {
  static const Issue none;
  EXPECT_EQ(issues.size(), 1u) << all_text(issues);
  return issues.empty() ? none : issues.front();
}

TEST(IssueText, is_one_line_with_place_quote_and_advice) {
  EXPECT_EQ(only(read("\nporto udp\n").issues).text(),
            "Options error: In test.conf:2: Unrecognized option: \"porto udp\" - did you mean "
            "\"port\" or \"proto\"?");
  EXPECT_EQ(only(read("remote").issues).text(),
            "Options error: In test.conf:1: Missing parameter(s): \"remote\" - the form is: "
            "--remote host [port [proto]]");
  EXPECT_EQ(only(read("nobind yes").issues).text(),
            "Options error: In test.conf:1: Extra parameter(s): \"nobind yes\" - the form is: "
            "--nobind");
}

TEST(IssueText, shows_only_printable_characters_of_bearable_length) {
  const std::string text = only(read("\x01\x7F" + std::string(500, 'x')).issues).text();
  EXPECT_NE(text.find("\"__xxx"), std::string::npos);
  EXPECT_LT(text.size(), 250u);
}

TEST(Parser, reports_every_issue) {
  const Issues issues = read("foo\nremote\nverb x\nverb 3\nbar\n").issues;
  ASSERT_EQ(issues.size(), 4u) << all_text(issues);
  EXPECT_EQ(issues[2].at, (Location{"test.conf", 3}));
  EXPECT_EQ(issues[3].at, (Location{"test.conf", 5}));
}

TEST(Parser, removes_leading_dashes_of_the_name) {
  EXPECT_EQ(read("--verb 5").config.logging.verb, 5);
  EXPECT_EQ(errors(read("--").issues), 1u);
  EXPECT_EQ(errors(read("---verb 5").issues), 1u);
}

TEST(Parser, last_value_wins_and_lists_grow) {
  const Config config = read("verb 3\nverb 5\nremote a\nremote b 443 tcp\n").config;
  EXPECT_EQ(config.logging.verb, 5);
  ASSERT_EQ(config.remotes.lines.size(), 2u);
  EXPECT_EQ(config.remotes.lines[1].host, "b");
  EXPECT_EQ(config.remotes.lines[1].port, "443");
  EXPECT_EQ(config.remotes.lines[1].at.line, 4);
}

TEST(Parser, reads_inline_blocks_and_keeps_counting_lines) {
  const Parsed parsed = read("<ca>\none\ntwo\n</ca>\nfoo\n");
  EXPECT_EQ(parsed.config.identity.ca.text, "one\ntwo\n");
  EXPECT_TRUE(parsed.config.identity.ca.is_inline);
  EXPECT_EQ(parsed.config.identity.ca.at.line, 1);
  EXPECT_EQ(only(parsed.issues).at.line, 5);
}

TEST(Parser, refuses_blocks_which_cannot_be_inline) {
  EXPECT_TRUE(mentions(read("<verb>\n3\n</verb>\n").issues,
                       "In test.conf:1: option 'verb' is not expected to be inline"));
  EXPECT_TRUE(mentions(read("<foo>\n</foo>\n").issues, "test.conf:1: Unrecognized option"));
}

TEST(Parser, misses_the_end_of_a_block) {
  EXPECT_TRUE(mentions(read("\n<ca>\nverb 3\n").issues, "test.conf:2: Endtag </ca> missing"));
}

TEST(Parser, later_of_word_and_block_counts_but_the_word_inline_does_not) {
  EXPECT_EQ(read("<ca>\nx\n</ca>\nca ca.crt").config.identity.ca.path, "ca.crt");
  EXPECT_EQ(read("ca ca.crt\n<ca>\nx\n</ca>").config.identity.ca.text, "x\n");
  EXPECT_EQ(read("<ca>\nx\n</ca>\nca [inline]").config.identity.ca.text, "x\n");
}

TEST(Parser, does_not_quote_what_a_block_holds) {
  const Parsed parsed = read("<peer-fingerprint>\nsecret words\n</peer-fingerprint>\n");
  EXPECT_EQ(only(parsed.issues).line, "<peer-fingerprint>");
}

TEST(Parser, says_where_an_option_belongs) {
  EXPECT_TRUE(mentions(read("iroute 10.0.0.0 255.0.0.0").issues,
                       "test.conf:1: option 'iroute' cannot be used in this context (test.conf): "
                       "\"iroute 10.0.0.0 255.0.0.0\" - it belongs in a file of client-config-dir "
                       "or in the output of client-connect; did you mean \"route\"?"));
  EXPECT_TRUE(mentions(read("push-continuation 1").issues, "only a server may send it"));
}

TEST(Parser, refuses_with_a_reason) {
  EXPECT_TRUE(mentions(read("tls-remote x").issues,
                       "Options error: In test.conf:1: --tls-remote: removed in OpenVPN 2.4; use "
                       "verify-x509-name NAME name: \"tls-remote x\""));
}

TEST(Parser, accepts_and_ignores_with_one_warning) {
  const Parsed parsed = read("register-dns\nregister-dns\n");
  EXPECT_TRUE(parsed.ok());
  EXPECT_EQ(only(parsed.issues).text(),
            "WARNING: In test.conf:1: \"register-dns\" is ignored: it exists on Windows only: "
            "\"register-dns\"");
}

TEST(Parser, remembers_what_was_said_and_where) {
  const Config config = read("verb 3\n\nverb 4\n").config;
  ASSERT_NE(config.said_of("verb"), nullptr);
  EXPECT_EQ(config.said_of("verb")->at.line, 3);
  EXPECT_EQ(config.said_of("mute"), nullptr);
}

TEST(Leniency, setenv_opt_takes_an_option_or_ignores_it) {
  EXPECT_EQ(read("setenv opt verb 5").config.logging.verb, 5);
  const Parsed unknown = read("setenv opt brand-new x");
  EXPECT_TRUE(unknown.ok());
  EXPECT_TRUE(mentions(unknown.issues, "WARNING: In test.conf:1: Unrecognized option, ignored"));
  EXPECT_TRUE(read("setenv opt").ok());
  EXPECT_TRUE(read("setenv opt nobind too many words").ok());
  EXPECT_FALSE(read("setenv opt brand-new\nbrand-new\n").ok());
}

TEST(Leniency, setenv_opt_may_stand_wherever_its_option_may) {
  const Parsed block =
      read("<connection>\nremote a\nsetenv opt port 7\nsetenv opt brand-new\n</connection>\n");
  EXPECT_TRUE(block.ok()) << all_text(block.issues);
  EXPECT_EQ(block.config.remotes.list.at(0).remote_port, "7");
  EXPECT_TRUE(mentions(read("<connection>\nremote a\nsetenv opt verb 3\n</connection>\n").issues,
                       "option 'verb' cannot be used in this context"));
}

TEST(Leniency, ignore_unknown_option_counts_from_its_line_on) {
  EXPECT_TRUE(read("ignore-unknown-option foo --bar\nfoo 1\nbar\n").ok());
  EXPECT_FALSE(read("foo 1\nignore-unknown-option foo\n").ok());
}

TEST(Leniency, forward_compatible_forgives_all_unknown_options) {
  EXPECT_TRUE(read("setenv FORWARD_COMPATIBLE 1\nfoo\nremote\n").ok());
  EXPECT_FALSE(read("setenv FORWARD_COMPATIBLE 0\nfoo\n").ok());
}

TEST(Leniency, does_not_forgive_what_is_known_and_refused) {
  EXPECT_FALSE(read("setenv opt mtu-dynamic 1").ok());
  EXPECT_TRUE(read("setenv opt dns-updown disable").ok());
}

TEST(Setenv, knows_its_special_names) {
  EXPECT_TRUE(mentions(read("setenv GENERIC_CONFIG 1").issues, "generic configuration"));
  EXPECT_TRUE(read("setenv PUSH_PEER_INFO").config.client.push_peer_info);
  EXPECT_TRUE(read("setenv REMOTE_RANDOM_HOSTNAME").config.remotes.random_hostname);
  EXPECT_FALSE(read("setenv REMOTE_RANDOM_HOSTNAME 1").config.remotes.random_hostname);
  EXPECT_EQ(read("").config.client.auth_failed_status, 0);
  EXPECT_EQ(read("setenv AUTH_FAILED_STATUS 1").config.client.auth_failed_status, 1);
  EXPECT_FALSE(read("setenv AUTH_FAILED_STATUS many").ok());
  EXPECT_EQ(read("setenv SERVER_POLL_TIMEOUT 4").config.connection.server_poll_timeout, Seconds(4));
  const Config config = read("setenv UV_ID 7\nsetenv-safe X y\nsetenv EMPTY\n").config;
  const std::vector<std::pair<std::string, std::string>> expected{
      {"UV_ID", "7"}, {"OPENVPN_X", "y"}, {"EMPTY", ""}};
  EXPECT_EQ(config.scripts.variables, expected);
  EXPECT_FALSE(read("setenv a b c").ok());
}

// As stock makes them. Whoever has such a line shall not stand without a tunnel.
TEST(Setenv, leaves_out_of_a_name_what_no_name_can_have) {
  const Parsed parsed = read("setenv MY-VAR 1\nsetenv foo.bar 2\nsetenv-safe x-y 3\nsetenv -- 4\n");
  EXPECT_TRUE(parsed.ok()) << all_text(parsed.issues);
  const std::vector<std::pair<std::string, std::string>> expected{
      {"MYVAR", "1"}, {"foobar", "2"}, {"OPENVPN_xy", "3"}};
  EXPECT_EQ(parsed.config.scripts.variables, expected);
  EXPECT_TRUE(mentions(parsed.issues,
                       "In test.conf:1: --setenv: \"MY-VAR\" cannot be the name of a variable; "
                       "scripts see it as MYVAR"));
  EXPECT_EQ(warnings(parsed.issues), 4u);
}

TEST(ConnectionBlock, inherits_what_stands_above_it) {
  const Parsed parsed = read(
      "port 443\nproto tcp-client\n<connection>\nremote a\n</connection>\n"
      "connect-retry 7\n<connection>\nremote b 1195 udp\nexplicit-exit-notify\n</connection>\n");
  EXPECT_TRUE(parsed.ok());
  const auto& list = parsed.config.remotes.list;
  ASSERT_EQ(list.size(), 2u);
  EXPECT_EQ(list[0].remote, "a");
  EXPECT_EQ(list[0].remote_port, "443");
  EXPECT_EQ(list[0].proto.transport, Transport::tcp_client);
  EXPECT_EQ(list[0].connect_retry, Seconds(1));
  EXPECT_EQ(list[1].proto.transport, Transport::udp);
  EXPECT_EQ(list[1].connect_retry, Seconds(7));
  EXPECT_EQ(list[1].explicit_exit_notify, 1u);
  EXPECT_EQ(list[1].at.line, 7);
  EXPECT_FALSE(parsed.config.connection.explicit_exit_notify);
}

TEST(ConnectionBlock, names_lines_of_the_file) {
  const Issues issues =
      read("dev tun\n<connection>\nremote a\nverb 3\nfoo\n</connection>\n").issues;
  ASSERT_EQ(issues.size(), 2u);
  EXPECT_EQ(issues[0].at.line, 4);
  EXPECT_TRUE(mentions(issues,
                       "option 'verb' cannot be used in this context "
                       "([CONNECTION-OPTIONS])"));
  EXPECT_EQ(issues[1].at.line, 5);
}

TEST(ConnectionBlock, needs_its_remote) {
  EXPECT_TRUE(mentions(read("<connection>\nport 5\n</connection>\n").issues,
                       "Each 'connection' block must contain exactly one 'remote' directive"));
  const Parsed two = read("<connection>\nremote a\nremote b\n</connection>\n");
  EXPECT_EQ(two.config.remotes.list.at(0).remote, "b");
  EXPECT_EQ(warnings(two.issues), 1u);
}

TEST(ConnectionBlock, warns_of_options_below_it_which_it_does_not_see) {
  const Parsed parsed = read("<connection>\nremote a\n</connection>\nport 5\ntls-crypt ta.key\n");
  EXPECT_EQ(only(parsed.issues).at.line, 4);
  EXPECT_TRUE(mentions(parsed.issues, "Option 'port' is ignored by previous <connection> blocks"));
}

TEST(ConnectionBlock, may_hold_inline_keys) {
  const Parsed parsed = read(
      "<connection>\nremote a\n<tls-auth>\nkey\n</tls-auth>\nkey-direction 1\n</connection>\n");
  EXPECT_TRUE(parsed.ok()) << all_text(parsed.issues);
  EXPECT_EQ(parsed.config.remotes.list.at(0).tls_auth.text, "key\n");
  EXPECT_EQ(parsed.config.remotes.list.at(0).key_direction, 1);
}

// Those of the top level come where a block has none, at the end.
TEST(ConnectionBlock, begins_without_the_keys_of_the_top_level) {
  const Parsed other =
      read("tls-auth ta.key 1\n<connection>\nremote a\ntls-crypt own.key\n</connection>\n");
  EXPECT_FALSE(other.config.remotes.list.at(0).tls_auth.defined());
  EXPECT_FALSE(other.config.remotes.list.at(0).key_direction);
  const Parsed same = read(
      "key-direction 1\n<connection>\nremote a\n<tls-auth>\nkey\n</tls-auth>\n</connection>\n");
  EXPECT_FALSE(same.config.remotes.list.at(0).key_direction);
}

TEST(ConnectionBlock, a_key_for_tls_auth_forgets_the_direction_said_before) {
  const Parsed parsed = read(
      "<connection>\nremote a\nkey-direction 1\n<tls-auth>\nkey\n</tls-auth>\n</connection>\n");
  EXPECT_FALSE(parsed.config.remotes.list.at(0).key_direction);
}

TEST(ConnectionBlock, is_no_word) { EXPECT_FALSE(read("connection x").ok()); }

TEST(Includes, are_expanded_in_place) {
  const Parsed parsed =
      read_words({"--verb", "1", "--config", "a.conf", "--mute", "9"},
                 {{"a.conf", "verb 5\nmute 3\nconfig b.conf\n"}, {"b.conf", "nice 2\nfoo\n"}});
  EXPECT_EQ(parsed.config.logging.verb, 5);
  EXPECT_EQ(parsed.config.logging.mute, 9u);
  EXPECT_EQ(parsed.config.process.nice, 2);
  EXPECT_EQ(parsed.config.source, "a.conf");
  EXPECT_EQ(only(parsed.issues).at, (Location{"b.conf", 2}));
}

TEST(Includes, follow_cd_at_once) {
  const Parsed parsed = read_words({"--cd", "/etc/vpn", "--config", "a.conf"},
                                   {{"/etc/vpn/a.conf", "cd sub\nconfig b.conf\n"},
                                    {"/etc/vpn/sub/b.conf", "config /c.conf\n"},
                                    {"/c.conf", "verb 7\n"}});
  EXPECT_TRUE(parsed.ok()) << all_text(parsed.issues);
  EXPECT_EQ(parsed.config.logging.verb, 7);
}

TEST(Includes, read_the_standard_input_as_stdin) {
  EXPECT_EQ(
      read_words({"--cd", "/x", "--config", "stdin"}, {{"stdin", "verb 7\n"}}).config.logging.verb,
      7);
}

TEST(Includes, stop_at_a_loop) {
  const Parsed parsed = read_words({"a.conf"}, {{"a.conf", "config a.conf\n"}});
  EXPECT_TRUE(mentions(parsed.issues, "In a.conf:1: --config: Maximum recursive include levels"));
}

TEST(Includes, name_the_missing_file_and_who_wanted_it) {
  EXPECT_TRUE(mentions(read_words({"a.conf"}).issues,
                       "In [CMD-LINE]:1: --config: Error opening configuration file: a.conf"));
  EXPECT_FALSE(read("config a.conf").ok());
}

TEST(CommandLine, takes_words_up_to_the_next_option) {
  const Parsed parsed = read_words(
      {"--remote", "host", "443", "tcp-client", "--nobind", "--push", "route 10.0.0.0 255.0.0.0"});
  EXPECT_TRUE(parsed.ok()) << all_text(parsed.issues);
  EXPECT_EQ(parsed.config.remotes.lines.at(0).port, "443");
  EXPECT_EQ(parsed.config.server.push.at(0), "route 10.0.0.0 255.0.0.0");
}

TEST(CommandLine, single_word_is_a_file) {
  EXPECT_EQ(read_words({"a.conf"}, {{"a.conf", "verb 5"}}).config.logging.verb, 5);
}

TEST(CommandLine, refuses_stray_words) {
  EXPECT_TRUE(mentions(read_words({"verb", "3"}).issues,
                       "In [CMD-LINE]:1: I'm trying to parse \"verb\" as an --option parameter"));
}

TEST(CommandLine, without_words_asks_for_help) {
  EXPECT_EQ(read_words({}).config.tool.kind, Tool::Kind::help);
}

TEST(CommandLine, knows_the_tools) {
  EXPECT_EQ(read_words({"--version"}).config.tool.kind, Tool::Kind::version);
  EXPECT_EQ(read_words({"--show-groups"}).config.tool.kind, Tool::Kind::show_curves);
  const Tool key = read_words({"--genkey", "tls-crypt-v2-client", "c.key", "bWV0YQ=="}).config.tool;
  EXPECT_EQ(key.genkey_type, "tls-crypt-v2-client");
  EXPECT_EQ(key.genkey_file, "c.key");
  EXPECT_EQ(key.genkey_metadata, "bWV0YQ==");
  EXPECT_TRUE(mentions(read_words({"--genkey", "bogus"}).issues, "\"bogus\" is not known here"));
}

TEST(CommandLine, makes_static_keys_as_before_2_5) {
  FakeFiles files;
  const Parsed parsed = load({"--genkey", "--secret", "ta.key"}, files);
  EXPECT_TRUE(parsed.ok()) << all_text(parsed.issues);
  EXPECT_EQ(parsed.config.tool.genkey_file, "ta.key");
}

TEST(CommandLine, does_not_check_a_tunnel_when_a_tool_is_wanted) {
  FakeFiles files;
  EXPECT_TRUE(load({"--show-ciphers"}, files).issues.empty());
  EXPECT_TRUE(load({"--mktun", "--dev", "tun7"}, files).issues.empty());
}

TEST(Loading, does_not_guess_after_errors) {
  FakeFiles files(std::map<std::string, std::string>{{"a.conf", "client\ndev tun\nremot x\n"}});
  const Parsed parsed = load({"a.conf"}, files);
  EXPECT_EQ(parsed.issues.size(), 1u) << all_text(parsed.issues);
}

TEST(Secrets, are_not_quoted) {
  EXPECT_FALSE(mentions(read("auth-token SESS_ID_x y").issues, "SESS_ID"));
}

}  // namespace
}  // namespace adit::options::testing
