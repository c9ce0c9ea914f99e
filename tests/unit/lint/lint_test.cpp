#include <filesystem>
#include <fstream>
#include <unistd.h>

#include <gtest/gtest.h>

#include "base/json.h"
#include "lint/pieces.h"
#include "pki/authority.h"
#include "tests/sim/fakes.h"
#include "tests/sim/seeded_rng.h"
#include "tests/unit/lint/reading.h"

namespace adit::lint::testing {
namespace {

using options::Issue;

Linted server_with(const std::string& lines) {
  return lint_text(good_server + lines, "server.conf");
}
Linted client_with(const std::string& lines) {
  return lint_text(good_client + lines, "client.conf");
}
int status_of(const Linted& linted) { return Verdict{{linted.report}, {}}.status(); }

TEST(Lint, finds_nothing_in_good_files) {
  EXPECT_EQ(all_text(server_with("")), "");
  EXPECT_EQ(all_text(client_with("")), "");
  EXPECT_EQ(status_of(server_with("")), 0);
}

TEST(Lint, tells_apart_what_would_start_and_what_would_not) {
  EXPECT_EQ(status_of(client_with("comp-lzo\n")), 1);
  EXPECT_EQ(status_of(client_with("comp-lzoo\n")), 2);
  EXPECT_EQ(status_of(client_with("verb 9\n")), 0) << "notes are no verdict";
}

TEST(Lint, says_what_link_mtu_is_to_become) {
  const Linted linted = client_with("link-mtu 1300\n");
  EXPECT_TRUE(warns(linted, "client.conf:9")) << all_text(linted);
  EXPECT_TRUE(warns(linted, "tun-mtu 1275"));
}

TEST(Lint, finds_sizes_that_fight_each_other) {
  EXPECT_TRUE(warns(client_with("fragment 1300\nmssfix 1450\n"), "more than fragment 1300"));
  EXPECT_FALSE(warns(client_with("fragment 1300\nmssfix 1300\n"), "mssfix"));
  EXPECT_TRUE(warns(client_with("tun-mtu 1200\nmssfix 1400\n"), "does nothing beside tun-mtu"));
  EXPECT_TRUE(warns(server_with("server-ipv6 fd00::/64\ntun-mtu 1200\n"), "IPv6 needs 1280"));
  EXPECT_FALSE(warns(server_with("tun-mtu 1200\n"), "IPv6"));
}

TEST(Lint, finds_routes_that_overlap) {
  const std::string wide = "route 10.0.0.0 255.0.0.0\n", narrow = "route 10.1.0.0 255.255.0.0\n";
  EXPECT_TRUE(warns(client_with(wide + narrow), "10.1.0.0/16 lies within 10.0.0.0/8"));
  EXPECT_TRUE(warns(client_with(narrow + narrow), "the same route stands in client.conf:9"));
  EXPECT_FALSE(warns(client_with(wide + "route 10.1.0.0 255.255.0.0 net_gateway\n"), "route"));
  EXPECT_TRUE(warns(server_with("route 10.8.0.0 255.255.0.0\n"), "the tunnel's own network"));
  EXPECT_TRUE(
      warns(server_with("push \"route 10.8.0.0 255.255.0.0\"\n"), "the tunnel's own network"));
  EXPECT_FALSE(warns(server_with("push \"route 192.168.1.0 255.255.255.0\"\n"), "own network"));
}

TEST(Lint, finds_a_route_that_swallows_the_server) {
  const Linted linted = lint_text(
      "client\ndev tun\nremote 203.0.113.5\nca a\ncert b\nkey c\nremote-cert-tls server\n"
      "route 203.0.113.0 255.255.255.0\n",
      "c.conf");
  EXPECT_TRUE(warns(linted, "route 203.0.113.5 255.255.255.255 net_gateway")) << all_text(linted);
}

TEST(Lint, knows_habits_of_another_time) {
  EXPECT_TRUE(warns(lint_text("dev tun\nserver 10.8.0.0 255.255.255.0\nca a\ncert b\nkey c\n"
                              "keepalive 10 60\ntopology net30\n",
                              "s.conf"),
                    "net30 spends four addresses"));
  EXPECT_TRUE(warns(server_with("management 0.0.0.0 7505\n"), "without a password"));
  EXPECT_FALSE(warns(server_with("management 127.0.0.1 7505\n"), "password"));
  EXPECT_TRUE(warns(server_with("duplicate-cn\nclient-config-dir ccd\n"), "one file"));
  EXPECT_TRUE(notes(server_with("reneg-sec 0\n"), "never asks for new keys"));
}

TEST(Lint, tells_what_other_programs_do_not_know) {
  EXPECT_TRUE(notes(client_with("data-lanes 1\n"), "only adit knows it"));
}

TEST(Lint, wants_dh_where_stock_does) {
  const std::string server = good_server;
  std::string without = server;
  without.erase(without.find("dh none\n"), 8);
  EXPECT_TRUE(warns(lint_text(without, "s.conf"), "write \"dh none\""));
}

TEST(Lint, takes_no_offence_at_what_is_kept_for_old_peers) {
  const std::string kept = std::string(kept_begin) + "\ncomp-lzo\n" + std::string(kept_end) + "\n";
  EXPECT_TRUE(notes(client_with(kept), "(kept for old peers)"));
  EXPECT_EQ(status_of(client_with(kept)), 0);
  EXPECT_EQ(status_of(client_with(kept + "comp-lzo\n")), 1) << "the last one counts";
}

// ---- with files ----

class LintFile : public ::testing::Test {
 protected:
  Linted lint(const std::string& text) {
    class None final : public options::Files {
      Result<std::string> read(const std::string& path) override { return fail("{}", path); }
    } none;
    const Surroundings around{store,
                              rng,
                              WallTime{1790000000},
                              [this](const std::string& path) -> std::optional<unsigned> {
                                const auto found = modes.find(path);
                                return found == modes.end() ? std::nullopt
                                                            : std::optional(found->second);
                              },
                              [](const std::string& name) { return name != "ghost"; },
                              [](const std::string& name) { return name != "nobody"; }};
    return lint_file(text, "server.conf", none, around,
                     [this](const options::Config&) { return missing; });
  }

  sim::MemoryStore store;
  sim::SeededRng rng{1};
  std::map<std::string, unsigned> modes;
  options::Issues missing{{Issue::Severity::error, {}, {}, "nothing is there", {}}};
};

TEST_F(LintFile, tells_of_secrets_that_everybody_can_read) {
  modes = {{"s.key", 0644}, {"ta.key", 0600}, {"s.crt", 0644}};
  const Linted linted = lint(good_server);
  EXPECT_TRUE(warns(linted, "every user of this host can read s.key (mode 0644)"));
  EXPECT_FALSE(warns(linted, "ta.key")) << all_text(linted);
  EXPECT_FALSE(warns(linted, "s.crt"));
}

TEST_F(LintFile, tells_of_secrets_in_the_file_itself) {
  modes = {{"server.conf", 0644}};
  const std::string text =
      "dev tun\ntopology subnet\nserver 10.8.0.0 255.255.255.0\nca a\ncert b\n"
      "dh none\nkeepalive 10 60\n<key>\nsecret\n</key>\n";
  EXPECT_TRUE(warns(lint(text), "every user of this host can read this secret"));
  modes = {{"server.conf", 0640}};
  EXPECT_FALSE(warns(lint(text), "every user"));
}

TEST_F(LintFile, knows_who_lives_here) {
  const Linted linted = lint(good_server + std::string("user nobody\ngroup nobody\npersist-tun\n"));
  EXPECT_TRUE(has(linted.report.findings, Issue::Severity::error, "there is no group \"nobody\""));
  EXPECT_FALSE(has(linted.report.findings, Issue::Severity::error, "no user"));
}

TEST_F(LintFile, sees_clients_that_clash) {
  store.files = {
      {"ccd/a", "ifconfig-push 10.8.0.9 255.255.255.0\niroute 192.168.4.0 255.255.255.0\n"},
      {"ccd/b", "ifconfig-push 10.8.0.9 255.255.255.0\niroute 192.168.4.0 255.255.255.0\n"},
      {"ccd/c", "ifconfig-push 10.8.0.1 255.255.255.0\nroute 10.0.0.0 255.0.0.0\n"}};
  const Linted linted = lint(good_server + std::string("client-config-dir ccd\n"));
  EXPECT_TRUE(warns(linted, "10.8.0.9 is already given by ccd/a")) << all_text(linted);
  EXPECT_TRUE(warns(linted, "192.168.4.0/24 is already behind the client of ccd/a"));
  EXPECT_TRUE(warns(linted, "has no matching \"route\" on the server"));
  EXPECT_TRUE(warns(linted, "10.8.0.1 is the server's own address"));
  EXPECT_TRUE(warns(linted, "did you mean \"iroute\"?"));
}

TEST_F(LintFile, looks_for_the_list_where_the_process_will) {
  const std::string folder = ::testing::TempDir() + "lint-" + std::to_string(getpid());
  ASSERT_TRUE(pki::Authority::create(folder, {}, rng, WallTime{1700000000}));
  std::ifstream in(folder + "/crl.pem");
  const std::string old{std::istreambuf_iterator<char>(in), {}};
  std::filesystem::remove_all(folder);
  const std::string text = good_server + std::string("crl-verify lists/crl.pem\n");
  const char* too_old = "the revocation list should have been replaced by";
  store.files = {{"/jail/lists/crl.pem", old}};
  EXPECT_FALSE(warns(lint(text), too_old));
  EXPECT_TRUE(warns(lint(text + "chroot /jail\n"), too_old));
  store.files = {{"lists/crl.pem", old}};
  EXPECT_TRUE(warns(lint(text), too_old));
}

// ---- how it is shown ----

TEST(LintReport, shows_place_reason_and_cure) {
  const Verdict verdict{{client_with("link-mtu 1300\n").report}, {}};
  const std::string text = render_text(verdict, 60);
  EXPECT_NE(text.find("client.conf:9: warning  link-mtu 1300\n    it is obsolete"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("\n    do: write \"tun-mtu 1275\""), std::string::npos) << text;
  EXPECT_NE(text.find("client.conf: 1 warning; it would start\n"), std::string::npos) << text;
}

TEST(LintReport, is_json_for_programs) {
  const Verdict verdict{{client_with("link-mtu 1300\nbad\n").report}, {}};
  const Json json = Json::parse(render_json(verdict));
  EXPECT_EQ(json["status"], 2);
  EXPECT_EQ(json["files"][0]["starts"], false);
  EXPECT_EQ(json["files"][0]["findings"][0]["line"], 10);
  EXPECT_EQ(json["files"][0]["findings"][0]["severity"], "error");
}

// ---- pieces ----

TEST(Pieces, make_the_same_text_again) {
  const char* const nested = "<connection>\nremote a\n<tls-auth>\nk\n</tls-auth>\n</connection>\nc";
  for (const char* text : {"", "a", "a\n\n", "<ca>\nx\n</ca>\nb\r\n", nested, "<ca>\nnot closed\n",
                           "<connection>\nnot closed"}) {
    EXPECT_EQ(text_of(pieces_of(text)), text);
  }
}

TEST(Pieces, count_lines_as_the_reader_does) {
  const auto pieces =
      pieces_of("a\n<ca>\nx\ny\n</ca>\n<connection>\n  remote b\n</connection>\nlast 1\n");
  ASSERT_EQ(pieces.size(), 6u);
  EXPECT_EQ(pieces[1].last_line(), 5);
  EXPECT_EQ(pieces[3].line, 7);
  EXPECT_TRUE(pieces[3].in_connection);
  EXPECT_EQ(pieces[5].line, 9);
}

}  // namespace
}  // namespace adit::lint::testing
