#include "setup/up.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "setup/show.h"
#include "tests/unit/setup/addresses.h"
#include "tests/unit/setup/fake_certificates.h"
#include "tests/unit/setup/fake_host.h"

namespace adit::setup {
namespace {

// A host, an authority, and what the commands do with them.
struct Machine {
  FakeHost host;
  FakeCertificates pki;
  UpRequest request;
  std::vector<std::string> said;

  Result<UpPlan> plan() { return plan_up(host, request, pki); }
  std::string dry_run() {
    auto journal = Journal::open(host, state_folder(request.dir), "up");
    const auto planned = plan();
    EXPECT_TRUE(planned && planned->errors.empty());
    return show_plan(*plan_changes(host, *journal, planned->wishes));
  }
  Status up() {
    auto journal = Journal::open(host, state_folder(request.dir), "up");
    if (Status whole = recover(host, *journal); !whole) return whole;
    const auto planned = plan();
    if (!planned) return fail_with(planned.error());
    if (!planned->errors.empty()) return fail_with(planned->errors.front());
    const auto steps = plan_changes(host, *journal, planned->wishes);
    return carry_out(host, *journal, *steps, [&](const auto& line) { said.push_back(line); });
  }
  Status edit(const Edit& edit) {
    auto journal = Journal::open(host, state_folder(request.dir), "up");
    const auto planned = plan_edit(host, edit, request.program);
    if (!planned) return fail_with(planned.error());
    const auto steps = plan_changes(host, *journal, planned->wishes);
    return carry_out(host, *journal, *steps, [](const std::string&) {});
  }
  Status down() {
    auto journal = Journal::open(host, state_folder(request.dir), "up");
    return undo(host, *journal, [](const std::string&) {});
  }
  std::string conf() { return host.now.files.at("/etc/adit/server.conf").text; }
  // Without what "down" keeps.
  FakeHost::Look without_state() {
    FakeHost::Look look = host.now;
    const auto ours = [](const auto& one) { return one.first.starts_with("/etc/adit"); };
    std::erase_if(look.files, ours);
    std::erase_if(look.folders, ours);
    return look;
  }
};

TEST(Up, MakesAServerOfAFreshHost) {
  Machine machine;
  machine.request.settings.lans = {{prefix("192.168.1.0/24")}};
  const Status done = machine.up();
  ASSERT_TRUE(done) << done.error().text();
  FakeHost& host = machine.host;
  EXPECT_TRUE(host.now.files.contains("/etc/adit/server.conf"));
  EXPECT_EQ(0600u, host.now.files.at("/etc/adit/clients/client1.ovpn").mode);
  EXPECT_EQ(0700u, host.now.folders.at("/etc/adit/clients"));
  EXPECT_EQ("client\nproto udp\nremote 203.0.113.5 1194\n",
            host.now.files.at("/etc/adit/clients/client1.ovpn").text);
  EXPECT_EQ("1", host.now.sysctls["net.ipv4.ip_forward"]);
  EXPECT_NE(
      std::string::npos,
      host.now.files.at("/etc/sysctl.d/60-adit-server.conf").text.find("net.ipv4.ip_forward = 1"));
  EXPECT_TRUE(host.now.files.contains("/etc/systemd/system/adit-server@server.service"));
  EXPECT_TRUE(host.now.active.contains("adit-server@server.service"));
  EXPECT_TRUE(host.now.enabled.contains("adit-server@server.service"));
}

TEST(Up, SecondRunChangesNothing) {
  Machine machine;
  machine.request.settings.lans = {{prefix("192.168.1.0/24")}};
  ASSERT_TRUE(machine.up());
  const auto before = machine.host.now;
  EXPECT_EQ("", machine.dry_run());
  machine.said.clear();
  ASSERT_TRUE(machine.up());
  EXPECT_EQ(before, machine.host.now);
  EXPECT_TRUE(machine.said.empty());
}

TEST(Up, DownLeavesNothingButItsState) {
  Machine machine;
  const auto before = machine.without_state();
  machine.request.settings.lans = {{prefix("192.168.1.0/24")}};
  ASSERT_TRUE(machine.up());
  ASSERT_TRUE(machine.down());
  EXPECT_EQ(before, machine.without_state());
  EXPECT_TRUE(machine.host.now.files.contains("/etc/adit/server.conf"));
}

TEST(Up, PurgeLeavesNothingOfAServer) {
  Machine machine;
  const auto before = machine.host.now;
  ASSERT_TRUE(machine.up());
  ASSERT_TRUE(machine.down());
  ASSERT_TRUE(purge(machine.host, "/etc/adit"));
  EXPECT_EQ(before, machine.host.now);
}

TEST(Up, PurgeLeavesTheJournalsOfJoinedNetworks) {
  Machine machine;
  ASSERT_TRUE(machine.up());
  auto& files = machine.host.now.files;
  files["/etc/adit/state/join-office.json"] = {"{}", 0600};
  files["/etc/adit/state/join-office.pid"] = {"7\n"};
  files["/etc/adit/joined/office.ovpn"] = {"client\n", 0600};
  ASSERT_TRUE(machine.down());
  ASSERT_TRUE(purge(machine.host, "/etc/adit"));
  std::erase_if(files, [](const auto& one) { return !one.first.starts_with("/etc/adit"); });
  EXPECT_EQ(3u, files.size());
  EXPECT_TRUE(machine.host.now.folders.contains("/etc/adit/state"));
}

TEST(Up, KilledAnywhereUpAndDownPutItRight) {
  for (unsigned at = 0;; ++at) {
    Machine machine;
    machine.request.settings.lans = {{prefix("192.168.1.0/24")}};
    const auto before = machine.without_state();
    const bool died = machine.host.killed_at(at, [&] { static_cast<void>(machine.up()); });
    if (at % 2 == 0) {
      ASSERT_TRUE(machine.up()) << "killed at change " << at;
      EXPECT_TRUE(machine.host.now.active.contains("adit-server@server.service"));
      EXPECT_TRUE(machine.host.now.files.contains("/etc/adit/clients/client1.ovpn"));
    }
    ASSERT_TRUE(machine.down());
    EXPECT_EQ(before, machine.without_state()) << "killed at change " << at;
    if (!died) break;
    ASSERT_LT(at, 200u);
  }
}

TEST(Up, OptionGivenLaterChangesItsLineAndTellsTheRunningServer) {
  Machine machine;
  ASSERT_TRUE(machine.up());
  machine.host.now.files["/etc/adit/server.conf"].text += "# mine\n";
  machine.request.settings.port = 443;
  machine.said.clear();
  ASSERT_TRUE(machine.up());
  EXPECT_NE(std::string::npos, machine.conf().find("port 443\n"));
  EXPECT_NE(std::string::npos, machine.conf().find("# mine\n"));
  EXPECT_EQ(1, std::ranges::count(machine.host.ran, "reload 4711"));
  EXPECT_NE(std::string::npos,
            machine.host.now.files.at("/etc/adit/clients/client1.ovpn").text.find("5 443\n"));
}

TEST(Up, RightsAndOwnerOfAPrivateConfigurationStay) {
  Machine machine;
  ASSERT_TRUE(machine.up());
  File& conf = machine.host.now.files["/etc/adit/server.conf"];
  conf.mode = 0640;
  conf.owner = Owner{0, 1};
  const auto before = machine.host.now;
  EXPECT_EQ("", machine.dry_run());
  ASSERT_TRUE(machine.up());
  EXPECT_EQ(before, machine.host.now);
  machine.request.settings.port = 443;
  ASSERT_TRUE(machine.up());
  EXPECT_NE(std::string::npos, conf.text.find("port 443\n"));
  EXPECT_EQ(0640u, conf.mode);
  EXPECT_EQ((Owner{0, 1}), conf.owner);
}

TEST(Up, EditKeepsRightsAndOwnerAlsoOfWhatIsTakenBack) {
  Machine machine;
  ASSERT_TRUE(machine.up());
  auto& files = machine.host.now.files;
  files["/etc/adit/server.conf"].mode = 0600;
  files["/etc/adit/ccd/office"] = {"# mine\n", 0600, Owner{0, 1}};
  const auto before = files;
  Edit edit{.dir = "/etc/adit"};
  edit.conf = machine.conf() + "# edited\n";
  edit.clients = {{"laptop", "# new\n"}, {"office", "# edited\n"}};
  ASSERT_TRUE(machine.edit(edit));
  EXPECT_EQ((File{"# edited\n", 0600, Owner{0, 1}}), files.at("/etc/adit/ccd/office"));
  EXPECT_EQ((File{"# new\n", 0644}), files.at("/etc/adit/ccd/laptop"));
  EXPECT_EQ(0600u, files.at("/etc/adit/server.conf").mode);
  files = before;
  machine.host.failing = {"write /etc/adit/server.conf"};
  EXPECT_FALSE(machine.edit(edit));
  EXPECT_EQ(before.at("/etc/adit/ccd/office"), files.at("/etc/adit/ccd/office"));
}

TEST(Up, EditByHandIsTakenUp) {
  Machine machine;
  ASSERT_TRUE(machine.up());
  machine.host.now.files["/etc/adit/server.conf"].text += "push \"route 172.20.0.0 255.255.0.0\"\n";
  ASSERT_TRUE(machine.up());
  EXPECT_NE(std::string::npos, machine.host.now.rules.at("server").find("172.20.0.0/16"));
  EXPECT_EQ(1, std::ranges::count(machine.host.ran, "reload 4711"));
}

TEST(Up, WithoutServiceNothingOfSystemdIsTouched) {
  Machine machine;
  machine.request.service = false;
  machine.host.systemd = false;
  ASSERT_TRUE(machine.up());
  EXPECT_FALSE(machine.host.now.files.contains("/etc/systemd/system/adit-server@server.service"));
  EXPECT_TRUE(machine.host.ran.empty());
}

TEST(Up, WithoutFirewallThereAreNoRules) {
  Machine machine;
  machine.request.settings.firewall = false;
  ASSERT_TRUE(machine.up());
  EXPECT_TRUE(machine.host.now.rules.empty());
  EXPECT_NE(std::string::npos, machine.conf().find("setenv ADIT_FIREWALL none\n"));
}

TEST(Up, EverythingInTheWayIsToldBeforeAnythingIsChanged) {
  Machine machine;
  machine.host.systemd = false;
  machine.host.no_tun = Error{"/dev/net/tun is missing", "make it"};
  machine.host.held_ports[{false, 1194}] = "openvpn (pid 7)";
  machine.request.settings.network = prefix("203.0.113.0/25");
  const auto before = machine.host.now;
  const auto plan = machine.plan();
  ASSERT_TRUE(plan);
  std::string all;
  for (const Error& error : plan->errors) all += error.text() + "\n";
  for (const char* part :
       {"--no-service", "/dev/net/tun", "UDP port 1194 is taken by openvpn (pid 7)", "--port",
        "203.0.113.0/25 overlaps", "203.0.113.0/24", "such as 10.8.0.0/24"}) {
    EXPECT_NE(std::string::npos, all.find(part)) << part << " in\n" << all;
  }
  EXPECT_TRUE(plan->wishes.empty());
  EXPECT_EQ(before, machine.host.now);
}

TEST(Up, ContainerIsToldWhatItLacks) {
  Machine machine;
  machine.request.settings.lans = {{prefix("192.168.1.0/24")}};
  machine.host.read_only = {"net.ipv4.ip_forward"};
  auto plan = machine.plan();
  ASSERT_TRUE(plan);
  ASSERT_EQ(1u, plan->errors.size());
  EXPECT_NE(std::string::npos,
            plan->errors[0].text().find("docker run --sysctl net.ipv4.ip_forward=1"));
  EXPECT_TRUE(plan->wishes.empty());
  machine.host.no_rules = Error{"this kernel has no nf_tables", "load it"};
  plan = machine.plan();
  ASSERT_EQ(1u, plan->errors.size());
  EXPECT_NE(std::string::npos, plan->errors[0].text().find("load it; or leave the firewall"));
  EXPECT_NE(std::string::npos, plan->errors[0].text().find("--no-firewall"));
}

TEST(Up, WhoIsNotRootIsToldOnlyThat) {
  Machine machine;
  machine.host.root = false;
  const auto plan = machine.plan();
  ASSERT_TRUE(plan);
  ASSERT_EQ(1u, plan->errors.size());
  EXPECT_NE(std::string::npos, plan->errors[0].text().find("sudo"));
}

TEST(Up, TakesAnotherNetworkWhereTheUsualOneIsInUse) {
  Machine machine;
  machine.host.ways.push_back({prefix("10.8.0.0/16"), "eth1"});
  const auto plan = machine.plan();
  ASSERT_TRUE(plan);
  EXPECT_TRUE(plan->errors.empty());
  EXPECT_EQ(prefix("10.9.0.0/24"), plan->facts.network);
  ASSERT_FALSE(plan->notes.empty());
  EXPECT_NE(std::string::npos, plan->notes[0].find("10.9.0.0/24"));
}

TEST(Up, ServerThatRunsHoldsItsPortAndRoutesItself) {
  Machine machine;
  ASSERT_TRUE(machine.up());
  machine.host.held_ports[{false, 1194}] = "adit (pid 9)";
  machine.host.ways.push_back({prefix("10.8.0.0/24"), "tun0"});
  const auto plan = machine.plan();
  ASSERT_TRUE(plan);
  EXPECT_TRUE(plan->errors.empty()) << plan->errors[0].text();
}

TEST(Up, ServerThatRunsIsNotInItsOwnWayWhateverItsDeviceIsCalled) {
  Machine machine;
  ASSERT_TRUE(machine.up());
  for (const auto& [dev, device] :
       {std::pair{"dev vpn0\ndev-type tun\n", "vpn0"}, std::pair{"dev tap\n", "tap0"}}) {
    machine.host.now.files["/etc/adit/server.conf"].text += dev;
    machine.host.ways.push_back({prefix("10.8.0.0/24"), device});
    const auto plan = machine.plan();
    ASSERT_TRUE(plan);
    EXPECT_TRUE(plan->errors.empty()) << plan->errors[0].text();
    machine.host.ways.back().device = "eth1";
    EXPECT_EQ(1u, machine.plan()->errors.size());
    machine.host.ways.pop_back();
  }
}

TEST(Up, ServerThatAKilledRunHasStartedIsNotInItsOwnWay) {
  Machine machine;
  machine.host.now.files["/etc/systemd/system/adit-server@server.service"] = {"[Service]\n"};
  machine.host.now.active.insert("adit-server@server.service");
  machine.host.held_ports[{false, 1194}] = "adit (pid 9)";
  const auto plan = machine.plan();
  ASSERT_TRUE(plan);
  EXPECT_TRUE(plan->errors.empty()) << plan->errors[0].text();
}

TEST(Up, HookThatSomebodySetUpIsNotOursToTakeAway) {
  Machine machine;
  machine.host.surveyed.hooks = {
      {"docker", "packets", {{"iptables", "-I", "A"}}, {{"iptables", "-D", "A"}}, false, false},
      {"ufw", "packets", {{"ufw", "route", "allow"}}, {{"ufw", "delete"}}, true, true}};
  ASSERT_TRUE(machine.up());
  ASSERT_TRUE(machine.down());
  EXPECT_EQ(1, std::ranges::count(machine.host.ran, "iptables -I A"));
  EXPECT_EQ(1, std::ranges::count(machine.host.ran, "iptables -D A"));
  EXPECT_EQ(0, std::ranges::count(machine.host.ran, "ufw route allow"));
  EXPECT_EQ(0, std::ranges::count(machine.host.ran, "ufw delete"));
}

TEST(Up, ValueThatAServerOfAnotherFolderWantsStaysUntilThatGoes) {
  Machine machine;
  machine.request.settings.lans = {{prefix("192.168.1.0/24")}};
  ASSERT_TRUE(machine.up());
  machine.request.dir = "/srv/b";
  machine.request.settings.network = prefix("10.9.0.0/24");
  machine.request.settings.port = 1195;
  ASSERT_TRUE(machine.up());
  machine.request.dir = "/etc/adit";
  ASSERT_TRUE(machine.down());
  EXPECT_EQ("1", machine.host.now.sysctls["net.ipv4.ip_forward"]);
  machine.request.dir = "/srv/b";
  ASSERT_TRUE(machine.down());
  EXPECT_EQ("0", machine.host.now.sysctls["net.ipv4.ip_forward"]);
}

TEST(Up, FolderOfTheNameOfAnotherIsRefusedByNamingBoth) {
  Machine machine;
  machine.request.dir = "/srv/alpha/vpn";
  ASSERT_TRUE(machine.up());
  const auto before = machine.host.now;
  machine.request.dir = "/srv/beta/vpn";
  machine.request.service = false;
  machine.request.settings.network = prefix("10.9.0.0/24");
  machine.request.settings.port = 1195;
  const Status refused = machine.up();
  ASSERT_FALSE(refused);
  for (const char* part : {"/srv/alpha/vpn", "/srv/beta/vpn", "server-vpn", "another --dir"}) {
    EXPECT_NE(std::string::npos, refused.error().text().find(part)) << refused.error().text();
  }
  EXPECT_EQ(before, machine.host.now);
  machine.request.dir = "/srv/alpha/vpn";
  ASSERT_TRUE(machine.down());
  machine.request.dir = "/srv/beta/vpn";
  EXPECT_TRUE(machine.up());
}

TEST(Up, FolderThatHasMovedKeepsItsName) {
  Machine machine;
  machine.request.dir = "/srv/alpha/vpn";
  ASSERT_TRUE(machine.up());
  std::map<std::string, File> moved;
  for (const auto& [path, file] : machine.host.now.files) {
    const bool inside = path.starts_with("/srv/alpha/");
    moved[inside ? "/srv/beta/" + path.substr(11) : path] = file;
  }
  machine.host.now.files = moved;
  machine.host.now.folders["/srv/beta"] = machine.host.now.folders["/srv/beta/vpn"] = 0755;
  machine.request.dir = "/srv/beta/vpn";
  const Status done = machine.up();
  EXPECT_TRUE(done) << done.error().text();
}

TEST(Up, FixedAddressesFollowTheIpv6Network) {
  Machine machine;
  machine.request.settings.network6 = prefix("fd08::/64");
  ASSERT_TRUE(machine.up());
  auto& files = machine.host.now.files;
  const std::string push = "# mine\nifconfig-push 10.8.0.5 255.255.255.0\n";
  files["/etc/adit/ccd/office"] = {push + "ifconfig-ipv6-push fd08::5/64\n", 0640, Owner{0, 1}};
  files["/etc/adit/ccd/elsewhere"] = {"ifconfig-ipv6-push fd77::5/64\n"};
  machine.request.settings.network6 = prefix("fd09::/64");
  ASSERT_TRUE(machine.up());
  EXPECT_EQ((File{push + "ifconfig-ipv6-push fd09::5/64\n", 0640, Owner{0, 1}}),
            files.at("/etc/adit/ccd/office"));
  EXPECT_EQ("ifconfig-ipv6-push fd77::5/64\n", files.at("/etc/adit/ccd/elsewhere").text);
  EXPECT_EQ("", machine.dry_run());
  machine.request.settings.network6.reset();
  machine.request.settings.no_network6 = true;
  ASSERT_TRUE(machine.up());
  EXPECT_EQ(push, files.at("/etc/adit/ccd/office").text);
}

TEST(Up, FixedIpv6AddressOfOnesOwnChoiceIsInTheWayOfAnotherNetwork) {
  Machine machine;
  machine.request.settings.network6 = prefix("fd08::/64");
  ASSERT_TRUE(machine.up());
  machine.host.now.files["/etc/adit/ccd/office"] = {"ifconfig-ipv6-push fd08::beef/64\n"};
  machine.request.settings.network6 = prefix("fd09::/64");
  const auto plan = machine.plan();
  ASSERT_TRUE(plan);
  ASSERT_EQ(1u, plan->errors.size());
  EXPECT_EQ("client office has the fixed address fd08::beef, which is not in fd09::/64",
            plan->errors[0].what);
}

TEST(Up, ObstacleIsToldWithItsCure) {
  Machine machine;
  machine.host.surveyed.obstacles = {{"iptables-legacy", "-P FORWARD DROP", "all packets",
                                      "iptables-legacy -P FORWARD ACCEPT", "", true}};
  const auto plan = machine.plan();
  ASSERT_TRUE(plan);
  ASSERT_FALSE(plan->notes.empty());
  EXPECT_NE(std::string::npos, plan->notes[0].find("iptables-legacy -P FORWARD ACCEPT"));
}

TEST(Up, RouterThatAdvertisesIpv6StaysTheDefault) {
  Machine machine;
  machine.request.settings.network6 = prefix("fd08::/64");
  machine.request.settings.lans = {{prefix("fd01::/64")}};
  machine.host.ways.push_back({prefix("::/0"), "eth0", true});
  ASSERT_TRUE(machine.up());
  EXPECT_EQ("2", machine.host.now.sysctls["net.ipv6.conf.eth0.accept_ra"]);
  EXPECT_EQ("1", machine.host.now.sysctls["net.ipv6.conf.all.forwarding"]);
  ASSERT_TRUE(machine.down());
  EXPECT_EQ("1", machine.host.now.sysctls["net.ipv6.conf.eth0.accept_ra"]);
  EXPECT_EQ("0", machine.host.now.sysctls["net.ipv6.conf.all.forwarding"]);
}

TEST(Up, AuthorityThatIsThereAlreadyStaysWithItsServer) {
  Machine machine;
  machine.pki.authority = true;
  machine.pki.server = "gate";
  ASSERT_TRUE(machine.up());
  EXPECT_EQ("gate", machine.pki.server);
  EXPECT_NE(std::string::npos, machine.conf().find("cert pki/issued/gate.crt\n"));
}

}  // namespace
}  // namespace adit::setup
