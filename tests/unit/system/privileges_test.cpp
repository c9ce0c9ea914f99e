#include "system/privileges.h"

#include <map>
#include <unistd.h>

#include "base/text.h"
#include "system/netlink.h"
#include "system/thread.h"
#include "system/tun_device.h"
#include "tests/unit/system/sandbox.h"
#include "tests/unit/system/scratch.h"

namespace adit::system {
namespace {

class PrivilegesTest : public RootTest {};

constexpr const char* no_capability = "0000000000000000";
constexpr const char* network_admin = "0000000000001000";

// The fields of a thread's status.
std::map<std::string, std::string> status_of(pid_t thread) {
  std::map<std::string, std::string> fields;
  std::ifstream file("/proc/self/task/" + std::to_string(thread) + "/status");
  for (std::string line; std::getline(file, line);) {
    const auto colon = line.find(':');
    fields[line.substr(0, colon)] = trim(line.substr(colon + 1));
  }
  return fields;
}

// A thread that waits until it is let go.
struct Idler {
  Idler() {
    thread = start_thread("idler", [this] {
               number = gettid();
               eventually([this] { return done.load(); }, 1min);
             }).value();
    eventually([this] { return number != 0; });
  }
  ~Idler() {
    done = true;
    thread.join();
  }
  std::atomic<pid_t> number{0};
  std::atomic<bool> done{false};
  std::thread thread;
};

TEST(LookUp, finds_users_and_groups_by_name_and_number) {
  const auto identity = look_up("nobody", "nogroup");
  ASSERT_TRUE(identity) << identity.error().text();
  EXPECT_EQ(identity->user->id, 65534u);
  EXPECT_EQ(identity->group->id, 65534u);
  const auto numbers = look_up("1234", "5678");
  ASSERT_TRUE(numbers);
  EXPECT_EQ(numbers->user->id, 1234u);
  EXPECT_EQ(numbers->group->id, 5678u);
  const auto nothing = look_up("", "");
  ASSERT_TRUE(nothing);
  EXPECT_FALSE(nothing->user || nothing->group);
}

TEST(LookUp, says_who_does_not_exist) {
  const auto user = look_up("no-such-user-here", "");
  ASSERT_FALSE(user);
  EXPECT_EQ(user.error().what, "cannot use user \"no-such-user-here\": there is no such user");
  const auto group = look_up("", "no-such-group-here");
  ASSERT_FALSE(group);
  EXPECT_EQ(group.error().what, "cannot use group \"no-such-group-here\": there is no such group");
}

TEST_F(PrivilegesTest, keep_only_network_administration_and_only_here) {
  EXPECT_EQ(in_child([] {
              Idler before;
              const auto lines = drop_to(*look_up("nobody", "nogroup"));
              ASSERT_TRUE(lines) << lines.error().text();
              EXPECT_EQ(*lines, (std::vector<std::string>{"UID set to nobody", "GID set to nogroup",
                                                          "Capabilities retained: CAP_NET_ADMIN"}));
              Idler after;
              for (const pid_t thread : {gettid(), before.number.load(), after.number.load()}) {
                auto status = status_of(thread);
                EXPECT_EQ(status["Uid"], "65534\t65534\t65534\t65534");
                EXPECT_EQ(status["Gid"], "65534\t65534\t65534\t65534");
                EXPECT_EQ(status["Groups"], "");
                const char* kept = thread == gettid() ? network_admin : no_capability;
                EXPECT_EQ(status["CapPrm"], kept) << "thread " << thread;
                EXPECT_EQ(status["CapEff"], kept) << "thread " << thread;
                EXPECT_EQ(status["CapInh"], no_capability);
                EXPECT_EQ(status["CapAmb"], no_capability);
              }
            }),
            0);
}

TEST_F(PrivilegesTest, are_not_passed_on_to_programs) {
  EXPECT_EQ(in_child([] {
              ASSERT_TRUE(drop_to(*look_up("nobody", "nogroup")));
              const std::string text = output_of({"/bin/grep", "CapEff", "/proc/self/status"});
              EXPECT_EQ(text, std::string("CapEff:\t") + no_capability + "\n");
            }),
            0);
}

TEST_F(PrivilegesTest, cannot_be_taken_back) {
  EXPECT_EQ(in_child([] {
              ASSERT_TRUE(drop_to(*look_up("nobody", "nogroup")));
              EXPECT_NE(setresuid(0, 0, 0), 0);
              EXPECT_NE(setresgid(0, 0, 0), 0);
              const auto again = drop_to(*look_up("daemon", ""));
              ASSERT_FALSE(again);
              EXPECT_FALSE(again.error().advice.empty());
            }),
            0);
}

TEST_F(PrivilegesTest, may_change_user_or_group_alone) {
  EXPECT_EQ(in_child([] {
              const auto lines = drop_to(*look_up("", "nogroup"));
              ASSERT_TRUE(lines);
              EXPECT_EQ(*lines, (std::vector<std::string>{"GID set to nogroup",
                                                          "Capabilities retained: CAP_NET_ADMIN"}));
              EXPECT_EQ(getuid(), 0u);
              EXPECT_EQ(status_of(gettid())["CapEff"], network_admin);
            }),
            0);
  EXPECT_EQ(in_child([] {
              const auto lines = drop_to(*look_up("nobody", ""));
              ASSERT_TRUE(lines);
              EXPECT_EQ(*lines, (std::vector<std::string>{"UID set to nobody",
                                                          "Capabilities retained: CAP_NET_ADMIN"}));
              EXPECT_EQ(getgid(), 0u);
            }),
            0);
}

TEST_F(PrivilegesTest, stay_when_nobody_else_is_named) {
  EXPECT_EQ(in_child([] {
              const auto lines = drop_to({});
              ASSERT_TRUE(lines);
              EXPECT_TRUE(lines->empty());
              EXPECT_EQ(getuid(), 0u);
            }),
            0);
}

class PrivilegedNetworkTest : public NetworkTest {};

TEST_F(PrivilegedNetworkTest, suffice_to_remove_addresses_and_routes) {
  in_own_network([] {
    const auto netlink = Netlink::open().value();
    const auto tun = TunDevice::open("tun0").value();
    const ports::InterfaceAddress address{*ip::Address::parse("10.8.0.1"), 24, {}, {}};
    const ports::Route route{*ip::Prefix::parse("192.168.20.0/24"), {}, "tun0", {}, 0};
    ASSERT_TRUE(netlink->configure_link("tun0", 1500, {}));
    ASSERT_TRUE(netlink->add_address("tun0", address));
    ASSERT_TRUE(netlink->add_route(route));
    ASSERT_TRUE(drop_to(*look_up("nobody", "nogroup")));
    EXPECT_TRUE(netlink->remove_route(route));
    EXPECT_TRUE(netlink->remove_address("tun0", address));
    EXPECT_FALSE(netlink->path_to(*ip::Address::parse("192.168.20.1")));
  });
}

TEST_F(PrivilegesTest, chroot_hides_everything_else) {
  const Folder folder;  // who has changed its root finds it no more
  folder.put("inside", "text");
  EXPECT_EQ(in_child([&] {
              ASSERT_TRUE(change_root(folder.path()));
              EXPECT_EQ(access("/inside", F_OK), 0);
              EXPECT_EQ(access("inside", F_OK), 0);
              EXPECT_NE(access("/bin/sh", F_OK), 0);
              const Status nowhere = change_root("/nowhere");
              ASSERT_FALSE(nowhere);
              EXPECT_EQ(nowhere.error().what,
                        "cannot chroot to /nowhere: No such file or directory");
            }),
            0);
}

}  // namespace
}  // namespace adit::system
