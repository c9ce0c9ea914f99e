// Golden files: what comes of configurations in the styles of OpenVPN 2.1 to 2.6, and of the first
// configuration that this program was made for. "GOLDEN=write lint_tests" writes them anew; read
// what it changed.

#include "lint/migrate.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "lint/lint.h"
#include "lint/pieces.h"
#include "tests/unit/lint/reading.h"

namespace adit::lint::testing {
namespace {

namespace fs = std::filesystem;
using options::Issue;

const char* const samples = "tests/unit/options/configs";
const char* const golden = "tests/unit/lint/migrated";

bool is_clean(const Report& report) {
  return std::ranges::none_of(
      report.findings, [](const Issue& issue) { return issue.severity != Issue::Severity::note; });
}

// What holds for every text.
void expect_properties(const std::string& text, const std::string& name) {
  const Migration once = migrate(text, name);
  if (!once.done()) {
    EXPECT_FALSE(once.left.empty());
    return;
  }
  const Migration twice = migrate(once.text, name);
  EXPECT_EQ(twice.text, once.text);
  EXPECT_EQ(twice.changes, 0) << name;
  EXPECT_TRUE(is_clean(lint_text(once.text, name).report)) << all_text(lint_text(once.text, name));
}

// ---- every sample ----

class Samples : public ::testing::TestWithParam<std::string> {};

TEST_P(Samples, migrate_to_a_clean_file_that_stays_as_it_is) {
  expect_properties(content_of(samples + ("/" + GetParam())), GetParam());
}

std::vector<std::string> all_samples() {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(fs::path(ADIT_SOURCE_DIR) / samples)) {
    if (entry.path().extension() != ".argv") names.push_back(entry.path().filename().string());
  }
  std::ranges::sort(names);
  return names;
}

std::string test_name(const ::testing::TestParamInfo<std::string>& info) {
  std::string name = fs::path(info.param).filename().string();
  for (char& c : name) {
    if ((c < 'a' || c > 'z') && (c < '0' || c > '9')) c = '_';
  }
  return name;
}

INSTANTIATE_TEST_SUITE_P(Files, Samples, ::testing::ValuesIn(all_samples()), test_name);

// ---- golden files ----

class Golden : public ::testing::TestWithParam<std::string> {};

TEST_P(Golden, comes_out_as_it_is_written_down) {
  const fs::path source(GetParam());
  const std::string name = source.filename().string();
  const Migration migration = migrate(content_of(source.string()), name);
  ASSERT_TRUE(migration.done()) << all_text(migration.left);
  const std::string path = golden + ("/" + name);
  const char* wanted = std::getenv("GOLDEN");  // NOLINT(concurrency-mt-unsafe): one thread
  if (wanted != nullptr && std::string_view(wanted) == "write") {
    std::ofstream(fs::path(ADIT_SOURCE_DIR) / path, std::ios::binary) << migration.text;
  }
  EXPECT_EQ(migration.text, content_of(path));
}

std::vector<std::string> golden_sources() {
  const std::string folder = samples + std::string("/");
  std::vector<std::string> sources{"tests/data/seed/server.conf", "tests/data/seed/openvpn.conf"};
  for (const char* name : {"sample-server-2.1.conf",
                           "sample-client-2.1.conf",
                           "old-server-sites-2.2.conf",
                           "old-client-provider-2.2.ovpn",
                           "old-client-router-2.3.conf",
                           "old-client-tls-remote.ovpn",
                           "old-server-ipv6-2.3.conf",
                           "old-server-pam.conf",
                           "sample-server-2.4.conf",
                           "old-server-cipher-2.4.conf",
                           "old-server-inline-2.1.conf",
                           "container-server.conf",
                           "compat-client.conf",
                           "installer-server-subnet.conf",
                           "sample-server-2.6.conf",
                           "sample-client-2.6.conf",
                           "old-p2p-secret.conf",
                           "old-inline-words.ovpn",
                           "old-server-script-system.conf",
                           "old-client-no-iv.ovpn"}) {
    sources.push_back(folder + name);
  }
  return sources;
}

INSTANTIATE_TEST_SUITE_P(Files, Golden, ::testing::ValuesIn(golden_sources()), test_name);

// ---- single rules ----

std::string migrated(std::string_view text) {
  const Migration migration = migrate(text, "x.conf");
  EXPECT_TRUE(migration.done()) << all_text(migration.left);
  return migration.text;
}

const std::string client =
    "client\ndev tun\nremote vpn.example.com\nca ca.crt\ncert c.crt\nkey c.key\n"
    "remote-cert-tls server\n";

TEST(Migrate, leaves_a_modern_file_alone) {
  const Migration migration = migrate(client, "x.conf");
  EXPECT_EQ(migration.text, client);
  EXPECT_EQ(migration.changes, 0);
}

TEST(Migrate, keeps_comments_indents_and_line_ends) {
  const std::string text = migrated("# mine\r\n" + client + "\tfast-io # quick\r\n");
  EXPECT_TRUE(text.starts_with("# mine\r\n" + client));
  EXPECT_NE(text.find("\t# adit: was \"fast-io # quick\": it is always so\r\n"), std::string::npos);
}

TEST(Migrate, quotes_what_is_pushed) {
  const std::string text = migrated(
      "dev tun\ntopology subnet\nserver 10.8.0.0 255.255.255.0\nca a\ncert b\nkey c\ndh none\n"
      "keepalive 10 60\npush route 10.0.0.0 255.0.0.0\n");
  EXPECT_NE(text.find("\npush \"route 10.0.0.0 255.0.0.0\"\n"), std::string::npos) << text;
}

TEST(Migrate, writes_old_subjects_with_commas) {
  const std::string text =
      migrated("client\ndev tun\nremote a\nca a\ncert b\nkey c\ntls-remote /C=KG/O=Me/CN=gate\n");
  EXPECT_NE(text.find("\nverify-x509-name \"C=KG, O=Me, CN=gate\" subject\n"), std::string::npos)
      << text;
}

TEST(Migrate, says_what_only_its_owner_can_decide) {
  const Migration migration = migrate("client\ndev tun\nca a\ncert b\nkey c\n", "x.conf");
  EXPECT_FALSE(migration.done());
  EXPECT_NE(all_text(migration.left).find("a client needs to know its server"), std::string::npos);
}

TEST(Migrate, replaces_small_diffie_hellman_parameters_by_what_is_in_the_file) {
  const std::string text =
      "dev tun\ntopology subnet\nserver 10.8.0.0 255.255.255.0\nca a\ncert b\nkey c\nkeepalive 10 "
      "60\n"
      "dh parameters.pem\n";
  const auto small = [](const std::string&) { return std::optional(1024U); };
  const auto large = [](const std::string&) { return std::optional(2048U); };
  EXPECT_NE(migrate(text, "x.conf", nullptr, small).text.find("\ndh none\n"), std::string::npos);
  EXPECT_EQ(migrate(text, "x.conf", nullptr, large).text, text);
}

// What is warned of is in effect all the same, with what the warning says.
TEST(Migrate, keeps_lines_that_are_in_effect) {
  for (const char* line : {"verb 15", "inactive 3600s", "ping-restart 60s", "sndbuf 512k",
                           "script-security 9", "mute 5x"}) {
    const std::string text = migrated(client + line + "\n");
    EXPECT_TRUE(text.starts_with(client + line + "\n")) << text;
  }
  const std::string tcp =
      "client\ndev tun\nproto tcp\nremote a\nca a\ncert b\nkey c\n"
      "remote-cert-tls server\nhttp-proxy P 3128 FILE ntlm\n";
  EXPECT_TRUE(migrated(tcp).starts_with(tcp)) << migrated(tcp);
  const std::string server =
      "dev tun\ntopology subnet\nserver 10.8.0.0 255.255.255.0\nserver-ipv6 fd00:1::1/64\n"
      "ca a\ncert b\nkey c\ndh none\nkeepalive 10 60\n";
  EXPECT_TRUE(migrated(server).starts_with(server)) << migrated(server);
}

TEST(Migrate, removes_what_the_file_says_to_ignore) {
  const std::string text = migrated(client + "ignore-unknown-option foo\nfoo 1\n");
  EXPECT_NE(text.find("\n# adit: was \"foo 1\": it is not known here, and the file says to ignore "
                      "that\n"),
            std::string::npos)
      << text;
}

TEST(Migrate, keeps_the_last_of_several_scripts) {
  const std::string server =
      "dev tun\ntopology subnet\nserver 10.8.0.0 255.255.255.0\nca a\ncert b\nkey c\ndh none\n"
      "keepalive 10 60\nscript-security 2\n";
  for (const auto& [first, last] : {std::pair("up /bin/first", "up /bin/last"),
                                    {"client-connect /bin/first", "client-connect /bin/last"},
                                    {"auth-user-pass-verify /bin/first via-file",
                                     "auth-user-pass-verify /bin/last via-file"}}) {
    const std::string text = migrated(server + first + "\n" + first + " \n" + last + "\nverb 3\n");
    EXPECT_EQ(text.find(std::string("\n") + first), std::string::npos) << text;
    EXPECT_NE(text.find(std::string("\n") + last + "\nverb 3\n"), std::string::npos) << text;
    EXPECT_NE(text.find("a later line has"), std::string::npos) << text;
  }
}

TEST(Migrate, works_inside_connection_blocks) {
  const std::string text = migrated(
      "client\ndev tun\nca a\ncert b\nkey c\nremote-cert-tls server\n<connection>\nremote a 1194 "
      "udp\n"
      "  link-mtu 1300\n</connection>\n");
  EXPECT_NE(text.find("\n  tun-mtu 1275\n</connection>\n"), std::string::npos) << text;
}

TEST(Migrate, leaves_a_cipher_of_a_static_key_that_is_not_known_here) {
  const std::string text =
      "dev tun\nremote a 1194 udp\nifconfig 10.8.0.1 10.8.0.2\nsecret static.key\n"
      "cipher GOST89\nkeepalive 10 60\n";
  const Migration migration = migrate(text, "x.conf");
  EXPECT_FALSE(migration.done());
  EXPECT_NE(all_text(migration.left).find("\"GOST89\" is not a known cipher"), std::string::npos);
  EXPECT_NE(migration.text.find("\ncipher GOST89\n"), std::string::npos) << migration.text;
  EXPECT_EQ(migration.text.find("BF-CBC"), std::string::npos) << migration.text;
}

TEST(Migrate, says_of_an_unknown_cipher_of_tls_that_others_are_negotiated) {
  const std::string text = migrated(client + "cipher GOST89\n");
  EXPECT_NE(text.find("it is not known here, and ciphers are negotiated"), std::string::npos)
      << text;
}

TEST(Migrate, a_second_old_line_joins_those_that_are_kept) {
  const std::string once = migrated(client + "comp-lzo\n");
  const std::string again = migrated("auth MD5\ncipher AES-128-CBC\n" + once);
  EXPECT_EQ(again.find(kept_begin), again.rfind(kept_begin)) << again;
  EXPECT_GT(again.find("\ndata-ciphers-fallback AES-128-CBC\n"), again.find(kept_begin));
}

}  // namespace
}  // namespace adit::lint::testing
