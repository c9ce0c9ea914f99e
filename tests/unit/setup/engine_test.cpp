#include "setup/engine.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "setup/show.h"
#include "tests/unit/setup/fake_host.h"

namespace adit::setup {
namespace {

constexpr const char* folder = "/etc/adit/state";

Thing rules_of(const std::string& owner) { return {Thing::Kind::rules, owner}; }

// Something of everything, as "adit up" wants it.
Wishes all_wishes() {
  Wishes wishes;
  wishes.emplace_back(wish_kept_file("/etc/adit/server.conf", "port 1194\n"));
  wishes.emplace_back(wish_file("/etc/sysctl.d/60-adit.conf", "net.ipv4.ip_forward = 1\n"));
  wishes.emplace_back(wish_sysctl("net.ipv4.ip_forward", "1"));
  wishes.emplace_back(Wish{rules_of("server"), value_state("owner server\none rule\n")});
  Thing hook{Thing::Kind::hook, "docker"};
  hook.put = {{"iptables", "-I", "DOCKER-USER"}};
  hook.take = {{"iptables", "-D", "DOCKER-USER"}};
  wishes.emplace_back(Wish{hook, value_state("")});
  wishes.emplace_back(wish_file("/etc/systemd/system/adit-server@x.service", "[Service]\n"));
  wishes.emplace_back(wish_unit("adit-server@x.service", true, true));
  return wishes;
}

void ignore(const std::string&) {}

Journal journal_of(FakeHost& host, const std::string& owner = "up") {
  auto journal = Journal::open(host, folder, owner);
  EXPECT_TRUE(journal) << (journal ? "" : journal.error().text());
  return std::move(*journal);
}

Status bring_up(FakeHost& host, const Wishes& wishes, const std::string& owner = "up") {
  Journal journal = journal_of(host, owner);
  if (Status whole = recover(host, journal); !whole) return whole;
  const auto steps = plan_changes(host, journal, wishes);
  if (!steps) return fail_with(steps.error());
  return carry_out(host, journal, *steps, ignore);
}

Status take_down(FakeHost& host, const std::string& owner = "up",
                 const Progress& progress = ignore) {
  Journal journal = journal_of(host, owner);
  return undo(host, journal, progress);
}

// Without what is kept: that stays, and so does its folder.
FakeHost::Look without_kept(FakeHost::Look look) {
  look.files.erase("/etc/adit/server.conf");
  look.folders.erase("/etc/adit");
  return look;
}

TEST(Engine, FulfilsWishesAndTakesThemBackExactly) {
  FakeHost host;
  const auto before = host.now;
  ASSERT_TRUE(bring_up(host, all_wishes()));
  EXPECT_EQ("1", host.now.sysctls["net.ipv4.ip_forward"]);
  EXPECT_EQ("owner server\none rule\n", host.now.rules["server"]);
  EXPECT_TRUE(host.now.active.contains("adit-server@x.service"));
  EXPECT_TRUE(host.now.enabled.contains("adit-server@x.service"));
  EXPECT_EQ(0600u, host.now.files.at("/etc/adit/state/up.json").mode);
  ASSERT_TRUE(take_down(host));
  EXPECT_EQ(before, without_kept(host.now));
  EXPECT_EQ("port 1194\n", host.now.files.at("/etc/adit/server.conf").text);
}

TEST(Engine, SecondRunHasNothingToDo) {
  FakeHost host;
  ASSERT_TRUE(bring_up(host, all_wishes()));
  Journal journal = journal_of(host);
  const auto steps = plan_changes(host, journal, all_wishes());
  ASSERT_TRUE(steps);
  EXPECT_TRUE(steps->empty());
  EXPECT_EQ("", show_plan(*steps));
}

TEST(Engine, PlanChangesNothing) {
  FakeHost host;
  const auto before = host.now;
  Journal journal = journal_of(host);
  const auto steps = plan_changes(host, journal, all_wishes());
  ASSERT_TRUE(steps);
  EXPECT_TRUE(changes_something(*steps));
  EXPECT_EQ(before, host.now);
  EXPECT_EQ(0u, host.changes);
}

TEST(Engine, KilledBetweenAnyTwoStepsDownRestoresTheHost) {
  const FakeHost fresh;
  for (unsigned at = 0;; ++at) {
    FakeHost host;
    const bool died = host.killed_at(at, [&] { ASSERT_TRUE(bring_up(host, all_wishes())); });
    ASSERT_TRUE(take_down(host)) << "killed at change " << at;
    auto left = without_kept(host.now);
    std::erase_if(left.files,
                  [](const auto& file) { return file.first.starts_with("/etc/adit/server.conf"); });
    left.folders.erase("/etc/adit/state");
    EXPECT_EQ(fresh.now, left) << "killed at change " << at;
    if (!died) break;
    ASSERT_LT(at, 100u);
  }
}

TEST(Engine, KilledBetweenAnyTwoStepsUpGoesOn) {
  FakeHost done;
  ASSERT_TRUE(bring_up(done, all_wishes()));
  for (unsigned at = 0;; ++at) {
    FakeHost host;
    const bool died = host.killed_at(at, [&] { ASSERT_TRUE(bring_up(host, all_wishes())); });
    ASSERT_TRUE(bring_up(host, all_wishes())) << "killed at change " << at;
    EXPECT_EQ("1", host.now.sysctls["net.ipv4.ip_forward"]);
    EXPECT_EQ(done.now.rules, host.now.rules);
    EXPECT_EQ(done.now.active, host.now.active);
    EXPECT_TRUE(host.now.files.contains("/etc/adit/server.conf")) << "killed at change " << at;
    ASSERT_TRUE(take_down(host));
    EXPECT_EQ("0", host.now.sysctls["net.ipv4.ip_forward"]) << "killed at change " << at;
    EXPECT_TRUE(host.now.active.empty());
    if (!died) break;
  }
}

TEST(Engine, KilledWhileUndoingAnotherUndoEndsIt) {
  const FakeHost fresh;
  for (unsigned at = 0;; ++at) {
    FakeHost host;
    ASSERT_TRUE(bring_up(host, all_wishes()));
    const bool died = host.killed_at(at, [&] { ASSERT_TRUE(take_down(host)); });
    ASSERT_TRUE(take_down(host)) << "killed at change " << at;
    EXPECT_EQ(fresh.now, without_kept(host.now)) << "killed at change " << at;
    if (!died) break;
  }
}

TEST(Engine, FailureTakesBackWhatWasDoneBefore) {
  FakeHost host;
  const auto before = host.now;
  host.failing = {"start adit-server@x.service", "systemctl start adit-server@x.service"};
  const Status failed = bring_up(host, all_wishes());
  ASSERT_FALSE(failed);
  EXPECT_NE(std::string::npos, failed.error().text().find("adit-server@x.service"));
  auto left = host.now;
  left.folders.erase("/etc/adit");
  EXPECT_EQ(before, left);
}

TEST(Engine, WhatCannotBeTakenBackIsNamedAndRemembered) {
  FakeHost host;
  const auto before = host.now;
  host.failing = {"systemctl start adit-server@x.service", "remove /etc/sysctl.d/60-adit.conf"};
  const Status failed = bring_up(host, all_wishes());
  ASSERT_FALSE(failed);
  const std::string text = failed.error().text();
  EXPECT_NE(std::string::npos, text.find("cannot start the service adit-server@x.service")) << text;
  EXPECT_NE(std::string::npos, text.find("not everything could be taken back")) << text;
  EXPECT_NE(std::string::npos, text.find("60-adit.conf: told to fail")) << text;
  EXPECT_TRUE(host.now.files.contains("/etc/sysctl.d/60-adit.conf"));
  host.failing.clear();
  ASSERT_TRUE(take_down(host));
  auto left = host.now;
  left.folders.erase("/etc/adit");
  EXPECT_EQ(before, left);
}

TEST(Engine, KeptFileThatCannotBeTakenBackIsByTheNextRun) {
  FakeHost host;
  host.now.folders["/etc/adit"] = 0755;
  const auto before = host.now;
  const Wishes edit{wish_kept_file("/etc/adit/a", "a\n"), wish_kept_file("/etc/adit/b", "b\n")};
  host.failing = {"write /etc/adit/b", "remove /etc/adit/a"};
  const Status failed = bring_up(host, edit, "edit");
  ASSERT_FALSE(failed);
  EXPECT_NE(std::string::npos, failed.error().text().find("/etc/adit/a: told to fail"));
  host.failing.clear();
  Journal journal = journal_of(host, "edit");
  ASSERT_TRUE(recover(host, journal));
  auto left = host.now;
  left.folders.erase(folder);
  EXPECT_EQ(before, left);
}

TEST(Engine, WhatIsNoLongerWishedIsTakenBack) {
  FakeHost host;
  ASSERT_TRUE(bring_up(host, all_wishes()));
  Wishes fewer = all_wishes();
  std::erase_if(fewer, [](const auto& one) {
    const Wish* wish = std::get_if<Wish>(&one);
    return wish != nullptr && wish->thing.kind == Thing::Kind::sysctl;
  });
  ASSERT_TRUE(bring_up(host, fewer));
  EXPECT_EQ("0", host.now.sysctls["net.ipv4.ip_forward"]);
  EXPECT_TRUE(host.now.active.contains("adit-server@x.service"));
}

TEST(Engine, WhatSomebodyElseChangedSinceStays) {
  FakeHost host;
  ASSERT_TRUE(bring_up(host, all_wishes()));
  host.now.files["/etc/sysctl.d/60-adit.conf"].text = "# edited\n";
  std::string told;
  ASSERT_TRUE(take_down(host, "up", [&](const std::string& line) { told += line + "\n"; }));
  EXPECT_EQ("# edited\n", host.now.files.at("/etc/sysctl.d/60-adit.conf").text);
  EXPECT_NE(std::string::npos, told.find("/etc/sysctl.d/60-adit.conf"));
}

TEST(Engine, WhatWasThereBeforeComesBack) {
  FakeHost host;
  host.now.files["/etc/sysctl.d/60-adit.conf"] = {"# \xff before\n", 0640, Owner{0, 1}};
  host.now.sysctls["net.ipv4.ip_forward"] = "1";
  const auto before = host.now;
  ASSERT_TRUE(bring_up(host, all_wishes()));
  ASSERT_TRUE(take_down(host));
  EXPECT_EQ(before, without_kept(host.now));
}

TEST(Engine, ValueWantedByTwoOwnersStaysUntilTheLastOneGoes) {
  FakeHost host;
  const Wishes wish{wish_sysctl("net.ipv4.ip_forward", "1")};
  ASSERT_TRUE(bring_up(host, wish, "up"));
  ASSERT_TRUE(bring_up(host, wish, "join-office"));
  ASSERT_TRUE(take_down(host, "up"));
  EXPECT_EQ("1", host.now.sysctls["net.ipv4.ip_forward"]);
  ASSERT_TRUE(take_down(host, "join-office"));
  EXPECT_EQ("0", host.now.sysctls["net.ipv4.ip_forward"]);
}

TEST(Engine, ValueGoesBackWithTheLastOwnerInWhateverOrderTheyGo) {
  const Wishes wish{wish_sysctl("net.ipv4.ip_forward", "1")};
  std::vector<std::string> leaving{"join-a", "join-b", "up"};
  do {
    FakeHost host;
    for (const char* owner : {"up", "join-a", "join-b"}) ASSERT_TRUE(bring_up(host, wish, owner));
    for (const std::string& owner : leaving) {
      EXPECT_EQ("1", host.now.sysctls["net.ipv4.ip_forward"]) << "before " << owner;
      ASSERT_TRUE(take_down(host, owner));
    }
    EXPECT_EQ("0", host.now.sysctls["net.ipv4.ip_forward"]) << "last " << leaving.back();
  } while (std::ranges::next_permutation(leaving).found);
}

TEST(Engine, RulesWithoutAJournalAreReplacedAndRemoved) {
  FakeHost host;
  host.now.rules["server"] = "owner server\nold rule\n";
  const Wishes wish{{Wish{rules_of("server"), value_state("owner server\none rule\n")}}};
  ASSERT_TRUE(bring_up(host, wish));
  EXPECT_EQ("owner server\none rule\n", host.now.rules["server"]);
  ASSERT_TRUE(take_down(host));
  EXPECT_TRUE(host.now.rules.empty());
}

TEST(Engine, RulesAreRemovedAlsoByAJournalThatNamesOthersBefore) {
  FakeHost host;
  const Wishes wish{{Wish{rules_of("server"), value_state("owner server\none rule\n")}}};
  ASSERT_TRUE(bring_up(host, wish));
  std::string& text = host.now.files.at("/etc/adit/state/up.json").text;
  const std::string none = R"("before": null)";
  ASSERT_NE(std::string::npos, text.rfind(none));
  text.replace(text.rfind(none), none.size(),
               R"("before": {"mode": 0, "text": "somebody else's"})");
  ASSERT_TRUE(take_down(host));
  EXPECT_TRUE(host.now.rules.empty());
}

TEST(Engine, FoldersMadeForAFileGoWithIt) {
  FakeHost host;
  host.now.folders.erase("/etc/sysctl.d");
  const auto before = host.now;
  const Wishes wishes{wish_file("/etc/sysctl.d/60-adit.conf", "x = 1\n")};
  ASSERT_TRUE(bring_up(host, wishes));
  EXPECT_TRUE(host.now.folders.contains("/etc/sysctl.d"));
  Journal journal = journal_of(host);
  EXPECT_TRUE(plan_changes(host, journal, wishes)->empty());
  ASSERT_TRUE(take_down(host));
  auto left = host.now;
  left.folders.erase("/etc/adit");
  EXPECT_EQ(before, left);
}

TEST(Engine, KeptFilesAreChangedAllOrNone) {
  const Wishes edit{wish_kept_file("/etc/adit/a", "new a\n"),
                    wish_kept_file("/etc/adit/b", "new\n")};
  for (unsigned at = 0;; ++at) {
    FakeHost host;
    host.now.folders["/etc/adit"] = 0755;
    host.now.files["/etc/adit/a"] = {"old a\n"};
    const auto before = host.now;
    const bool died = host.killed_at(at, [&] { ASSERT_TRUE(bring_up(host, edit, "edit")); });
    if (!died) break;
    Journal journal = journal_of(host, "edit");
    ASSERT_TRUE(recover(host, journal));
    auto left = host.now;
    std::erase_if(left.files, [](const auto& one) { return one.first.ends_with(".adit-new"); });
    left.folders.erase(folder);
    const bool all = left.files.contains("/etc/adit/b");
    if (all) {
      EXPECT_EQ("new a\n", left.files.at("/etc/adit/a").text);
    } else {
      EXPECT_EQ(before, left) << "killed at change " << at;
    }
  }
}

TEST(Engine, JournalThatCannotBeReadIsAnErrorThatNamesIt) {
  FakeHost host;
  host.now.files["/etc/adit/state/up.json"] = {"{ not json"};
  const auto journal = Journal::open(host, folder, "up");
  ASSERT_FALSE(journal);
  EXPECT_NE(std::string::npos, journal.error().text().find("/etc/adit/state/up.json"));
}

TEST(Difference, ShowsOnlyTheLinesThatDiffer) {
  EXPECT_EQ("    - port 1194\n    + port 443\n",
            difference("dev tun\nport 1194\nverb 3\n", "dev tun\nport 443\nverb 3\n"));
  EXPECT_EQ("    + a\n    + b\n", difference("", "a\nb\n"));
  EXPECT_EQ("", difference("a\n", "a\n"));
}

TEST(ShowPlan, NamesEveryChangeAndShowsNoSecret) {
  FakeHost host;
  Wishes wishes = all_wishes();
  Wish secret = wish_kept_file("/etc/adit/clients/a.ovpn", "very secret\n", 0600);
  secret.secret = true;
  wishes.emplace_back(secret);
  Journal journal = journal_of(host);
  const std::string text = show_plan(*plan_changes(host, journal, wishes));
  for (const char* part :
       {"write /etc/adit/server.conf", "    + port 1194", "set net.ipv4.ip_forward = 1 (was 0)",
        "firewall rules of \"server\"", "tell docker: iptables -I DOCKER-USER",
        "service adit-server@x.service: enabled active", "/etc/adit/clients/a.ovpn"}) {
    EXPECT_NE(std::string::npos, text.find(part)) << part << " in\n" << text;
  }
  EXPECT_EQ(std::string::npos, text.find("very secret"));
}

}  // namespace
}  // namespace adit::setup
