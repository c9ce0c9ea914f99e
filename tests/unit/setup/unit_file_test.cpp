#include "setup/unit_file.h"

#include <gtest/gtest.h>

namespace adit::setup {
namespace {

using Kind = UnitFile::Kind;

bool has_line(const std::string& text, const std::string& line) {
  return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

TEST(UnitFile, TheTemplateRunsTheConfigurationOfItsInstance) {
  const std::string text = render_unit({});
  EXPECT_TRUE(has_line(text, "WorkingDirectory=/etc/adit"));
  EXPECT_TRUE(has_line(text, "ExecStart=/usr/sbin/adit --suppress-timestamps --config %i.conf"));
  EXPECT_TRUE(has_line(text,
                       "ExecStartPre=+/bin/sh -c \"[ '%i' != server ] || [ ! -e "
                       "'/etc/adit/state/up.json' ] || exec '/usr/sbin/adit' firewall load --dir "
                       "'/etc/adit'\""));
  EXPECT_NE(text.find("\nExecStopPost=+/bin/sh -c "), std::string::npos);
  EXPECT_TRUE(has_line(text, "Type=notify"));
  EXPECT_TRUE(has_line(text, "WatchdogSec=30s"));
  EXPECT_TRUE(has_line(text, "ReadWritePaths=-/etc/adit"));
}

TEST(UnitFile, AClientRunsTheProfileItJoinedWith) {
  const std::string text = render_unit({.kind = Kind::client});
  EXPECT_TRUE(has_line(text, "WorkingDirectory=/etc/adit/joined"));
  EXPECT_TRUE(
      has_line(text, "ExecStart=/usr/sbin/adit --suppress-timestamps --nobind --config %i.ovpn"));
  EXPECT_TRUE(has_line(text,
                       "ExecStartPre=+/bin/sh -c \"[ ! -e '/etc/adit/state/join-%i.json' ] || exec "
                       "'/usr/sbin/adit' firewall load --dir '/etc/adit' --join '%i'\""));
}

TEST(UnitFile, AnotherFolderAndNameStandInTheUnitAsTheyAre) {
  const std::string text = render_unit(
      {.program = "/opt/a b/adit", .dir = "/srv/100% vpn", .name = "office", .firewall = false});
  EXPECT_TRUE(has_line(text, "WorkingDirectory=/srv/100%% vpn"));
  EXPECT_TRUE(
      has_line(text, "ExecStart=\"/opt/a b/adit\" --suppress-timestamps --config office.conf"));
  EXPECT_TRUE(has_line(text, "ReadWritePaths=-\"/srv/100%% vpn\""));
  EXPECT_EQ(text.find("firewall load"), std::string::npos);
}

TEST(UnitFile, QuotesInAPathReachTheShellAsTheyAre) {
  const std::string text = render_unit({.dir = "/srv/it's", .name = "server"});
  EXPECT_TRUE(
      has_line(text,
               "ExecStartPre=+/bin/sh -c \"[ ! -e '/srv/it'\\\\''s/state/up.json' ] || exec "
               "'/usr/sbin/adit' firewall load --dir '/srv/it'\\\\''s'\""));
}

TEST(UnitFile, AFolderForTemporaryFilesStaysVisible) {
  EXPECT_TRUE(has_line(render_unit({.dir = "/tmp/vpn"}), "PrivateTmp=no"));
  EXPECT_TRUE(has_line(render_unit({.dir = "/tmpfiles"}), "PrivateTmp=yes"));
}

TEST(UnitFile, ItsFolderCanBeReadFromIt) {
  for (const char* dir : {"/etc/adit", "/srv/100% vpn", "/srv/joined"}) {
    EXPECT_EQ(folder_of_unit(render_unit({.dir = dir, .name = "office"})), dir);
    EXPECT_EQ(folder_of_unit(render_unit({.kind = Kind::client, .dir = dir})), dir);
  }
  EXPECT_EQ(folder_of_unit("[Service]\nExecStart=/bin/true\n"), "");
}

TEST(UnitFile, InstancesAreEscaped) {
  EXPECT_EQ(unit_name(Kind::server, ""), "adit-server@.service");
  EXPECT_EQ(unit_name(Kind::server, "site-1.example"), "adit-server@site-1.example.service");
  EXPECT_EQ(unit_name(Kind::client, ".a b"), "adit-client@\\x2ea\\x20b.service");
}

}  // namespace
}  // namespace adit::setup
