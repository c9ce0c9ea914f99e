#include "options/changes.h"

#include <algorithm>
#include <filesystem>
#include <map>

#include <gtest/gtest.h>

#include "base/text.h"
#include "options/lexer.h"
#include "options/table.h"
#include "tests/unit/options/reading.h"

namespace adit::options::testing {
namespace {

namespace fs = std::filesystem;

std::string told(const std::vector<Changed>& changes) {
  std::string text;
  for (const Changed& one : changes) {
    text += one.at.text() + " " + one.was + " -> " + one.line + " (" + name(one.effect) + ")\n";
  }
  return text;
}

Config combined(const Config& former, const Config& fresh) {
  Parsed parsed = combine(former, fresh, kept_until_restart(compare(former, fresh)));
  EXPECT_TRUE(parsed.ok()) << all_text(parsed.issues);
  return std::move(parsed.config);
}

TEST(Changes, are_none_between_the_same_texts) {
  const Config one = server_with("push \"route 10.1.0.0 255.255.0.0\"\nverb 3\n");
  const Config other = server_with("\n# a comment\npush  \"route 10.1.0.0 255.255.0.0\"\nverb 3\n");
  EXPECT_EQ(told(compare(one, other)), "");
}

TEST(Changes, name_the_place_and_both_lines) {
  const Config former = server_with("verb 3\npush \"ping 9\"\nmute 4\n");
  const Config fresh = server_with("verb 4\npush \"ping 9\"\npush \"route 10.1.0.0\"\n");
  EXPECT_EQ(told(compare(former, fresh)),
            "test.conf:9 verb 3 -> verb 4 (now)\n"
            "test.conf:11  -> push \"route 10.1.0.0\" (new sessions)\n"
            "test.conf:11 mute 4 ->  (now)\n");
}

TEST(Changes, of_lines_that_may_stand_often_are_told_one_by_one) {
  const Config former = server_with("route 10.1.0.0\nroute 10.2.0.0\nroute 10.3.0.0\n");
  const Config fresh = server_with("route 10.3.0.0\nroute 10.4.0.0\nroute 10.1.0.0\n");
  const auto changes = compare(former, fresh);
  EXPECT_EQ(told(changes),
            "test.conf:10  -> route 10.4.0.0 (now)\ntest.conf:10 route 10.2.0.0 ->  (now)\n");
  const auto order = compare(server_with("push \"a 1\"\npush \"b 1\"\n"),
                             server_with("push \"b 1\"\npush \"a 1\"\n"));
  ASSERT_EQ(order.size(), 1u);
  EXPECT_NE(order[0].note.find("order"), std::string::npos);
}

TEST(Changes, of_a_block_do_not_show_what_it_says) {
  const Config former = server_with("<tls-crypt>\nsecret one\n</tls-crypt>\n");
  const Config fresh = server_with("<tls-crypt>\nsecret two\n</tls-crypt>\n");
  EXPECT_EQ(told(compare(former, fresh)),
            "test.conf:9 <tls-crypt> -> <tls-crypt> (new sessions)\n");
}

TEST(Changes, of_ignored_options_need_nothing) {
  const auto changes = compare(server_with(""), server_with("tun-ipv6\n"));
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0].effect, Change::nothing);
}

TEST(Changes, of_a_clients_file_wait_for_its_next_session_or_are_so_at_once) {
  const auto changes =
      compare_profiles("ifconfig-push 10.8.0.9 255.255.255.0\niroute 10.5.0.0 255.255.0.0\n",
                       "iroute 10.6.0.0 255.255.0.0\npush \"ping 3\"\nnonsense\n", "ccd/one");
  EXPECT_EQ(told(changes),
            "ccd/one:1 iroute 10.5.0.0 255.255.0.0 -> iroute 10.6.0.0 255.255.0.0 (now)\n"
            "ccd/one:2  -> push \"ping 3\" (new sessions)\n"
            "ccd/one:3  -> nonsense (new sessions)\n"
            "ccd/one:1 ifconfig-push 10.8.0.9 255.255.255.0 ->  (new sessions)\n");
}

TEST(Changes, of_a_clients_file_know_setenv_opt) {
  EXPECT_EQ(told(compare_profiles("", "setenv opt push \"ping 3\"\n", "ccd/one")),
            "ccd/one:1  -> setenv opt push \"ping 3\" (new sessions)\n");
}

TEST(Combining, keeps_what_needs_a_restart_and_takes_the_rest) {
  const Config former = server_with("port 1194\nverb 3\nroute 10.1.0.0 255.255.0.0\n");
  const Config fresh = server_with("port 1195\nverb 4\nroute 10.2.0.0 255.255.0.0\nnice 5\n");
  const Config both = combined(former, fresh);
  EXPECT_EQ(both.connection.local_port, "1194");
  EXPECT_EQ(both.logging.verb, 4);
  ASSERT_EQ(both.routes.v4.size(), 1u);
  EXPECT_EQ(both.routes.v4[0].network, "10.2.0.0");
  EXPECT_FALSE(both.process.nice.has_value());
  // What waits is told again next time.
  EXPECT_EQ(told(compare(both, fresh)),
            "test.conf:9 port 1194 -> port 1195 (restart)\ntest.conf:12  -> nice 5 (restart)\n");
}

// Between the script and the plugin in its place there is no time without either.
TEST(Combining, leaves_no_gap_between_those_who_judge_clients) {
  const std::string script = "script-security 2\nauth-user-pass-verify /x via-file\n";
  const Config former = server_with(script);
  const Config fresh = server_with("script-security 2\nplugin pam.so\nverb 4\n");
  const Config both = combined(former, fresh);
  EXPECT_TRUE(both.scripts.auth_user_pass_verify.defined());
  EXPECT_TRUE(both.scripts.plugins.empty());
  EXPECT_EQ(both.logging.verb, 4);
  EXPECT_EQ(kept_until_restart(compare(former, fresh)),
            (std::set<std::string>{"auth-user-pass-verify", "plugin"}));
  EXPECT_FALSE(combined(fresh, former).scripts.auth_user_pass_verify.defined());
  const Config other = server_with("script-security 2\nauth-user-pass-verify /y via-file\n");
  EXPECT_EQ(combined(former, other).scripts.auth_user_pass_verify.words.front(), "/y");
}

TEST(Combining, derives_again_what_helpers_say) {
  const Config former = server_with("");
  Parsed fresh = read(std::string(minimal_server) + "keepalive 20 80\n");
  complete(fresh);
  const Config both = combined(former, fresh.config);
  EXPECT_EQ(both.timers.ping, Seconds(20));
  EXPECT_EQ(std::ranges::count(both.server.push, "ping 20"), 1);
}

// The token waits for a restart, the longer handshake would count at once.
TEST(Combining, says_what_the_two_contradict_each_other_in) {
  const Config former = server_with("auth-gen-token 0 100\nhand-window 40\n");
  const Config fresh = server_with("hand-window 60\n");
  const Parsed both = combine(former, fresh, kept_until_restart(compare(former, fresh)));
  ASSERT_EQ(both.issues.size(), 1u) << all_text(both.issues);
  EXPECT_EQ(errors(both.issues), 1u);
  EXPECT_TRUE(mentions(both.issues, "--auth-gen-token renewal time"));
}

TEST(Combining, lets_go_at_once_what_fitted_the_protocol_that_waits) {
  const Config former = server_with("proto udp\n");
  // With TCP there is no explicit-exit-notify, which goes at once; the protocol waits.
  Parsed fresh = read_and_complete(
      "dev tun\ntopology subnet\nserver 10.8.0.0 255.255.255.0\nca ca.crt\ncert s.crt\n"
      "key s.key\nkeepalive 10 60\nproto tcp-server\ntcp-nodelay\n");
  ASSERT_TRUE(fresh.ok()) << all_text(fresh.issues);
  EXPECT_TRUE(
      combine(former, fresh.config, kept_until_restart(compare(former, fresh.config))).ok());
}

TEST(Combining, takes_an_option_that_only_newer_versions_know) {
  const Config fresh = server_with("setenv opt mute 7\n");
  const auto changes = compare(server_with(""), fresh);
  EXPECT_EQ(told(changes), "test.conf:9  -> setenv opt mute 7 (now)\n");
  EXPECT_EQ(combined(server_with(""), fresh).logging.mute, 7u);
}

TEST(Combining, does_not_forget_which_file_it_was) {
  const std::string text = std::string(minimal_server) + "setenv opt mute 7\n";
  const Config former = read_words({"--config", "a.conf"}, {{"a.conf", text}}).config;
  const Config fresh = read_words({"--config", "a.conf"}, {{"a.conf", text + "verb 4\n"}}).config;
  const Config both = combined(former, fresh);
  EXPECT_EQ(both.source, "a.conf");
  EXPECT_EQ(told(compare(both, fresh)), "");
}

// ---- every row of the table ----

// Lines as they are found in the wild, by option.
std::map<std::string, std::vector<std::string>> lines_in_the_wild() {
  std::map<std::string, std::vector<std::string>> lines;
  for (const auto& file :
       fs::directory_iterator(std::string(ADIT_SOURCE_DIR) + "/tests/unit/options/configs")) {
    const std::string name = file.path().filename().string();
    const std::string text = file_content("tests/unit/options/configs/" + name);
    for (const std::string_view line : split(text, '\n')) {
      const auto words = split_words(line);
      if (words && !words->empty() && find_row(words->front()) != nullptr) {
        lines[words->front()].emplace_back(line);
      }
    }
  }
  return lines;
}

// Of options that no such file has, or only together with others.
const std::map<std::string, std::string>& lines_of_ours() {
  static const std::map<std::string, std::string> lines{
      {"auth-user-pass-optional", "auth-user-pass-optional\nauth-user-pass-verify x via-file"},
      {"ccd-exclusive", "ccd-exclusive\nclient-config-dir ccd"},
      {"client-crresponse", "client-crresponse /x"},
      {"connect-freq", "connect-freq 3 10"},
      {"connect-freq-initial", "connect-freq-initial 5 10"},
      {"data-ciphers-fallback", "data-ciphers-fallback AES-256-CBC"},
      {"down-pre", "down-pre"},
      {"errors-to-stderr", "errors-to-stderr"},
      {"extra-certs", "extra-certs more.pem"},
      {"force-tls-key-material-export", "force-tls-key-material-export"},
      {"hand-window", "hand-window 40"},
      {"inactive", "inactive 600"},
      {"keying-material-exporter", "keying-material-exporter EXPORTER-x 20"},
      {"key-direction", "key-direction 0\ntls-auth ta.key"},
      {"learn-address", "learn-address /x"},
      {"machine-readable-output", "machine-readable-output"},
      {"max-routes-per-client", "max-routes-per-client 3"},
      {"mute-replay-warnings", "mute-replay-warnings"},
      {"ping", "ping 5"},
      {"ping-exit", "ping-exit 90"},
      {"ping-restart", "ping-restart 90"},
      {"remote-cert-eku", "remote-cert-eku \"TLS Web Client Authentication\""},
      {"remote-cert-ku", "remote-cert-ku 80"},
      {"reneg-bytes", "reneg-bytes 1000000"},
      {"reneg-pkts", "reneg-pkts 1000000"},
      {"replay-window", "replay-window 128 20"},
      {"route-gateway", "route-gateway 10.8.0.9"},
      {"route-ipv6-gateway", "route-ipv6-gateway fd00::1"},
      {"route-metric", "route-metric 20"},
      {"route-pre-down", "route-pre-down /x"},
      {"route-table", "route-table 7"},
      {"session-timeout", "session-timeout 3600"},
      {"setenv-safe", "setenv-safe a b"},
      {"suppress-timestamps", "suppress-timestamps"},
      {"tls-ciphersuites", "tls-ciphersuites TLS_AES_256_GCM_SHA384"},
      {"tls-crypt-v2-max-age", "tls-crypt-v2-max-age 30"},
      {"tls-crypt-v2-verify", "tls-crypt-v2-verify /x\ntls-crypt-v2 k"},
      {"tls-export-cert", "tls-export-cert /tmp"},
      {"tls-groups", "tls-groups X25519"},
      {"tls-timeout", "tls-timeout 3"},
      {"tls-verify", "tls-verify /x"},
      {"tls-version-max", "tls-version-max 1.3"},
      {"tran-window", "tran-window 600"},
      {"username-as-common-name",
       "username-as-common-name\nscript-security 2\nauth-user-pass-verify /x via-file"},
      {"verify-client-cert",
       "verify-client-cert optional\nscript-security 2\nauth-user-pass-verify /x via-file"},
      {"verify-hash", "verify-hash 00112233445566778899aabbccddeeff00112233"},
      {"x509-track", "x509-track CN"},
  };
  return lines;
}

// As far as anything acts on it, a change of what a row claims is in the configuration that goes
// on, and a change of what needs a restart is not.
void expect_truth(const Row& row, const Config& former, const Config& fresh) {
  const auto changes = compare(former, fresh);
  EXPECT_TRUE(std::ranges::any_of(
      changes,
      [&](const Changed& one) { return one.option == row.name && one.effect == effect_of(row); }))
      << row.name << "\n"
      << told(changes);
  const Config both = combined(former, fresh);
  const auto is_ours = [&](const Changed& one) { return one.option == row.name; };
  const bool kept = std::ranges::none_of(compare(former, both), is_ours);
  EXPECT_EQ(kept, effect_of(row) == Change::restart) << row.name;
}

TEST(EveryRow, goes_on_as_its_change_says) {
  const auto wild = lines_in_the_wild();
  // Without keepalive, beside which its parts cannot stand.
  const std::string rest =
      "dev tun\ntopology subnet\nserver 10.8.0.0 255.255.255.0\nca ca.crt\ncert s.crt\nkey s.key\n";
  const Config base = good(rest);
  std::set<std::string> tested, untested;
  for (const Row* row : all_rows()) {
    if (row->state == State::refused || !row->allowed(where::file)) continue;
    const std::string name(row->name);
    std::vector<std::string> lines;
    if (const auto own = lines_of_ours().find(name); own != lines_of_ours().end()) {
      lines.push_back(own->second);
    }
    if (const auto found = wild.find(name); found != wild.end()) {
      lines.insert(lines.end(), found->second.begin(), found->second.end());
    }
    for (const std::string& line : lines) {
      Parsed fresh = read_and_complete(rest + line + "\n");
      if (!fresh.ok() || compare(base, fresh.config).empty()) continue;
      if (fresh.config.tool.kind != Tool::Kind::none) continue;
      expect_truth(*row, base, fresh.config);
      expect_truth(*row, fresh.config, base);
      tested.insert(name);
      break;
    }
    if (name == "pkcs12") {  // not beside cert and key
      const std::string server = "dev tun\ntopology subnet\nserver 10.8.0.0 255.255.255.0\n";
      const Config one = good(server + "pkcs12 a.p12\n"), other = good(server + "pkcs12 b.p12\n");
      expect_truth(*row, one, other);
      tested.insert(name);
    }
    const bool claims = effect_of(*row) != Change::restart && effect_of(*row) != Change::nothing;
    if (claims && !tested.contains(name)) untested.insert(name);
  }
  EXPECT_GT(tested.size(), 120u);
  EXPECT_EQ(join({untested.begin(), untested.end()}, " "), "");
}

TEST(EveryRow, that_needs_nothing_is_a_tool_or_a_word_for_the_reader) {
  for (const Row* row : all_rows()) {
    if (row->change != Change::nothing || row->state != State::implemented) continue;
    const bool for_the_reader = row->name == "config" || row->name == "ignore-unknown-option";
    const auto tools =
        std::ranges::find(pages(), "Tools, which do their work and exit", &Page::title);
    ASSERT_NE(tools, pages().end());
    const bool tool =
        std::ranges::any_of(tools->rows, [&](const Row& one) { return one.name == row->name; });
    EXPECT_TRUE(for_the_reader || tool || row->name.starts_with("show-")) << row->name;
  }
}

}  // namespace
}  // namespace adit::options::testing
