#include "options/reload_report.h"

#include <gtest/gtest.h>

namespace adit::options::testing {
namespace {

ReloadReport report_with(std::vector<Changed> changes) {
  ReloadReport report;
  report.pid = 42;
  report.configuration = "server.conf";
  report.clients = 2;
  report.changes = std::move(changes);
  return report;
}

TEST(Report, goes_through_json_unharmed) {
  ReloadReport report =
      report_with({{"verb", {"server.conf", 3}, "verb 4", "verb 3", Change::now, "note"},
                   {"push", {"server.conf", 4}, {}, "push \"x \xff\"", Change::new_sessions},
                   {"ca", {"server.conf", 5}, "ca a", {}, Change::handshakes},
                   {"port", {"server.conf", 6}, "port 2", {}, Change::restart},
                   {"config", {"server.conf", 7}, "config b", {}, Change::nothing}});
  report.told = {"CRL: loaded again"};
  report.failures = {"route"};
  report.updatable = 2;
  report.updated = 1;
  auto again = parse_report(render_json(report));
  ASSERT_TRUE(again) << again.error().text();
  again->changes[1].was = report.changes[1].was;  // no UTF-8
  EXPECT_EQ(*again, report);
  EXPECT_FALSE(parse_report("[]"));
  EXPECT_FALSE(parse_report("{\"pid\":1}"));
}

TEST(Report, has_an_outcome) {
  using Outcome = ReloadReport::Outcome;
  EXPECT_EQ(report_with({}).outcome(), Outcome::unchanged);
  const Changed now{"verb", {}, "verb 4", {}, Change::now};
  const Changed later{"port", {}, "port 4", {}, Change::restart};
  EXPECT_EQ(report_with({now}).outcome(), Outcome::applied);
  EXPECT_EQ(report_with({now, later}).outcome(), Outcome::needs_restart);
  ReloadReport refused = report_with({});
  refused.errors = {"no"};
  EXPECT_EQ(refused.outcome(), Outcome::refused);
}

TEST(Report, is_read_by_people) {
  ReloadReport report =
      report_with({{"verb", {"/etc/vpn/server.conf", 3}, "verb 4", "verb 3", Change::now},
                   {"push", {"/etc/vpn/server.conf", 14}, {}, "push \"x\"", Change::new_sessions},
                   {"iroute", {"ccd/one", 1}, "iroute 1", {}, Change::now, "client one"},
                   {"port", {"/etc/vpn/server.conf", 6}, "port 2", {}, Change::restart}});
  report.configuration = "/etc/vpn/server.conf";
  EXPECT_EQ(render(report),
            "server /etc/vpn/server.conf (pid 42)\n"
            "  applied now\n"
            "    server.conf:3     verb 4   (was: verb 3)\n"
            "    ccd/one:1       + iroute 1   - client one\n"
            "  new sessions get it; connected clients keep what they have\n"
            "    server.conf:14  - push \"x\"\n"
            "  needs a restart, and was left as it is\n"
            "    server.conf:6   + port 2\n"
            "  For the restart, when it suits: kill -HUP 42   (2 clients would reconnect)\n"
            "  2 clients stay connected.\n");
  report.updatable = 1;
  EXPECT_EQ(render(report).find("push-update"), std::string::npos) << "nobody was told";
  report.dry_run = true;
  EXPECT_NE(render(report).find("1 of 2 clients can be told of changed pushed options"),
            std::string::npos);
  report.dry_run = false;
  report.updated = 1;
  report.failures = {"route 10.1.0.0: no"};
  EXPECT_NE(render(report).find("1 of 2 clients were told of changed pushed options"),
            std::string::npos);
  EXPECT_NE(render(report).find("  could not be done\n    route 10.1.0.0: no\n"),
            std::string::npos);
  report.errors = {"Options error: In server.conf:3: no"};
  EXPECT_EQ(render(report),
            "server /etc/vpn/server.conf (pid 42)\n  nothing was changed\n"
            "    Options error: In server.conf:3: no\n");
}

}  // namespace
}  // namespace adit::options::testing
