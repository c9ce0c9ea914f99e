#include "system/netlink.h"

#include <algorithm>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <unistd.h>

#include "system/network_watch.h"
#include "system/privileges.h"
#include "system/thread.h"
#include "system/tun_device.h"
#include "tests/unit/system/addresses.h"
#include "tests/unit/system/sandbox.h"

namespace adit::system {
namespace {

using ports::RouteChange;

ip::Prefix prefix(std::string_view text) { return ip::Prefix::parse(text).value(); }

class NetlinkTest : public NetworkTest {
 protected:
  // A tun device that is up, in a network of its own.
  struct Lab {
    Lab() : netlink(Netlink::open().value()), tun(TunDevice::open("tun0").value()) {
      EXPECT_TRUE(netlink->configure_link("tun0", 1400, 777u));
    }
    void give(const ports::InterfaceAddress& address) {
      const Status status = netlink->add_address("tun0", address);
      EXPECT_TRUE(status) << status.error().text();
    }
    RouteChange route(const ports::Route& wanted) {
      const auto change = netlink->add_route(wanted);
      EXPECT_TRUE(change) << change.error().text();
      return change.value_or(RouteChange::existed);
    }
    std::string ip(std::vector<std::string> words) {
      words.insert(words.begin(), "/usr/sbin/ip");
      return output_of(words);
    }
    std::unique_ptr<Netlink> netlink;
    std::unique_ptr<TunDevice> tun;
  };
  static void in_lab(const std::function<void(Lab&)>& body) {
    in_own_network([&] {
      Lab lab;
      body(lab);
    });
  }
};

const ports::InterfaceAddress net30{addr("10.8.0.1"), 32, addr("10.8.0.2"), {}};
const ports::InterfaceAddress subnet{addr("10.8.0.1"), 24, {}, addr("10.8.0.255")};

TEST_F(NetlinkTest, configures_mtu_queue_length_and_brings_the_device_up) {
  in_lab([](Lab& lab) {
    const std::string text = lab.ip({"link", "show", "tun0"});
    if (text.empty()) return;
    EXPECT_NE(text.find("mtu 1400"), std::string::npos) << text;
    EXPECT_NE(text.find("qlen 777"), std::string::npos) << text;
    EXPECT_NE(text.find("<POINTOPOINT,MULTICAST,NOARP,UP,LOWER_UP>"), std::string::npos) << text;
  });
}

TEST_F(NetlinkTest, refuses_a_device_that_is_not_there_in_words) {
  in_lab([](Lab& lab) {
    const Status status = lab.netlink->configure_link("tun9", 1500, {});
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().what, "set mtu 1500 and up on tun9: No such device");
    const Status address = lab.netlink->add_address("tun9", subnet);
    ASSERT_FALSE(address);
    EXPECT_EQ(address.error().what, "add address 10.8.0.1/24 dev tun9: No such device");
    const auto route = lab.netlink->add_route({prefix("10.9.0.0/16"), {}, "tun9", {}, 0});
    ASSERT_FALSE(route);
    EXPECT_EQ(route.error().what, "add route 10.9.0.0/16 dev tun9: No such device");
  });
}

TEST_F(NetlinkTest, adds_a_point_to_point_address_as_stock_does) {
  in_lab([](Lab& lab) {
    lab.give(net30);
    const auto path = lab.netlink->path_to(addr("10.8.0.2"));
    ASSERT_TRUE(path);
    EXPECT_EQ(path->device, "tun0");
    EXPECT_EQ(path->source, addr("10.8.0.1"));
    const std::string text = lab.ip({"-4", "addr", "show", "tun0"});
    if (text.empty()) return;
    EXPECT_NE(text.find("inet 10.8.0.1 peer 10.8.0.2/32 scope global tun0"), std::string::npos)
        << text;
  });
}

TEST_F(NetlinkTest, adds_a_subnet_address_with_its_broadcast) {
  in_lab([](Lab& lab) {
    lab.give(subnet);
    lab.give(subnet);  // it may be there already, on a device that stayed
    const std::string text = lab.ip({"-4", "addr", "show", "tun0"});
    if (text.empty()) return;
    EXPECT_NE(text.find("inet 10.8.0.1/24 brd 10.8.0.255 scope global tun0"), std::string::npos)
        << text;
  });
}

TEST_F(NetlinkTest, adds_and_removes_an_ipv6_address) {
  in_lab([](Lab& lab) {
    const ports::InterfaceAddress v6{addr("fd88::1"), 64, {}, {}};
    lab.give(v6);
    EXPECT_EQ(lab.netlink->path_to(addr("fd88::2"))->device, "tun0");
    EXPECT_TRUE(lab.netlink->remove_address("tun0", v6));
    EXPECT_FALSE(lab.netlink->path_to(addr("fd88::2")));
  });
}

TEST_F(NetlinkTest, removes_addresses_once_and_does_not_mind_twice) {
  in_lab([](Lab& lab) {
    for (const auto& address : {net30, subnet}) {
      lab.give(address);
      EXPECT_TRUE(lab.netlink->remove_address("tun0", address));
      EXPECT_FALSE(lab.netlink->path_to(addr("10.8.0.2")));
      EXPECT_TRUE(lab.netlink->remove_address("tun0", address));
    }
    EXPECT_TRUE(lab.netlink->remove_address("tun9", subnet));
  });
}

TEST_F(NetlinkTest, adds_a_route_through_a_gateway_and_finds_the_device_itself) {
  in_lab([](Lab& lab) {
    lab.give(net30);
    const ports::Route route{prefix("192.168.20.0/24"), addr("10.8.0.2"), "", {}, 0};
    EXPECT_EQ(lab.route(route), RouteChange::added);
    EXPECT_EQ(lab.netlink->path_to(addr("192.168.20.9")),
              (ports::Path{addr("10.8.0.2"), "tun0", addr("10.8.0.1")}));
    EXPECT_EQ(lab.route(route), RouteChange::existed);
    const std::string text = lab.ip({"-d", "-4", "route", "show", "192.168.20.0/24"});
    if (text.empty()) return;
    EXPECT_EQ(text, "unicast 192.168.20.0/24 via 10.8.0.2 dev tun0 proto boot scope global \n");
  });
}

TEST_F(NetlinkTest, keeps_metric_and_table_of_a_route) {
  in_lab([](Lab& lab) {
    lab.give(net30);
    lab.route({prefix("192.168.20.0/24"), addr("10.8.0.2"), "tun0", 77, 0});
    lab.route({prefix("192.168.30.0/24"), addr("10.8.0.2"), "tun0", {}, 1234});
    EXPECT_FALSE(lab.netlink->path_to(addr("192.168.30.1")));
    const std::string text = lab.ip({"-4", "route", "show", "table", "all", "192.168.0.0/16"});
    const std::string main = lab.ip({"-4", "route", "show", "192.168.20.0/24"});
    const std::string other = lab.ip({"-4", "route", "show", "table", "1234"});
    if (main.empty()) return;
    EXPECT_NE(main.find("metric 77"), std::string::npos) << main;
    EXPECT_NE(other.find("192.168.30.0/24 via 10.8.0.2 dev tun0"), std::string::npos) << other;
  });
}

TEST_F(NetlinkTest, adds_device_routes_of_both_families) {
  in_lab([](Lab& lab) {
    lab.give(subnet);
    lab.give({addr("fd88::1"), 64, {}, {}});
    lab.route({prefix("192.168.20.0/24"), {}, "tun0", {}, 0});
    lab.route({prefix("fd99::/64"), {}, "tun0", {}, 0});
    lab.route({prefix("fd9a::/64"), addr("fd88::2"), "tun0", 5, 0});
    EXPECT_EQ(lab.netlink->path_to(addr("192.168.20.1"))->gateway, std::nullopt);
    EXPECT_EQ(lab.netlink->path_to(addr("fd99::7"))->device, "tun0");
    EXPECT_EQ(lab.netlink->path_to(addr("fd9a::7"))->gateway, addr("fd88::2"));
  });
}

TEST_F(NetlinkTest, removes_routes_once_and_does_not_mind_twice) {
  in_lab([](Lab& lab) {
    lab.give(subnet);
    lab.give({addr("fd88::1"), 64, {}, {}});
    const std::vector<ports::Route> routes{
        {prefix("192.168.20.0/24"), addr("10.8.0.2"), "", {}, 0},
        {prefix("192.168.21.0/24"), addr("10.8.0.2"), "tun0", 9, 0},
        {prefix("192.168.22.1/32"), {}, "tun0", {}, 0},
        {prefix("0.0.0.0/1"), addr("10.8.0.2"), "", {}, 0},
        {prefix("fd99::/64"), {}, "tun0", {}, 0},
        {prefix("2000::/4"), addr("fd88::2"), "tun0", 3, 0},
    };
    for (const auto& route : routes) {
      EXPECT_EQ(lab.route(route), RouteChange::added) << route.destination.text();
      const Status removed = lab.netlink->remove_route(route);
      EXPECT_TRUE(removed) << removed.error().text();
      EXPECT_EQ(lab.route(route), RouteChange::added) << route.destination.text();
      EXPECT_TRUE(lab.netlink->remove_route(route));
      EXPECT_TRUE(lab.netlink->remove_route(route));
    }
    EXPECT_TRUE(lab.netlink->remove_route({prefix("1.2.3.0/24"), {}, "tun9", {}, 0}));
  });
}

TEST_F(NetlinkTest, says_what_was_attempted_when_the_gateway_is_out_of_reach) {
  in_lab([](Lab& lab) {
    lab.give(net30);
    const auto change =
        lab.netlink->add_route({prefix("192.168.20.0/24"), addr("172.16.0.1"), "", {}, 0});
    ASSERT_FALSE(change);
    EXPECT_TRUE(change.error().what.starts_with(
        "add route 192.168.20.0/24 via 172.16.0.1: Network is unreachable"))
        << change.error().what;
    EXPECT_FALSE(change.error().advice.empty());
  });
}

TEST_F(NetlinkTest, advises_a_user_without_rights) {
  in_lab([](Lab& lab) {
    ASSERT_TRUE(drop_to({Identity::User{"nobody", 65534}, {}}));
    ASSERT_TRUE(lab.netlink->add_address("tun0", subnet));  // what the control thread kept
    auto other = start_thread("other", [] {                 // any other thread has no rights at all
      const Status status = Netlink::open().value()->add_address("tun0", net30);
      ASSERT_FALSE(status);
      EXPECT_EQ(status.error().what,
                "add address 10.8.0.1 peer 10.8.0.2 dev tun0: Operation not permitted");
      EXPECT_EQ(status.error().advice, "run as root or with the capability CAP_NET_ADMIN");
    });
    ASSERT_TRUE(other);
    other->join();
  });
}

TEST_F(NetlinkTest, lists_default_routes_best_first) {
  in_lab([](Lab& lab) {
    lab.give(subnet);
    lab.give({addr("fd88::1"), 64, {}, {}});
    EXPECT_TRUE(lab.netlink->default_routes(ip::Family::v4).empty());
    EXPECT_TRUE(lab.netlink->default_routes(ip::Family::v6).empty());
    lab.route({prefix("0.0.0.0/0"), addr("10.8.0.3"), "", 300, 0});
    lab.route({prefix("0.0.0.0/0"), addr("10.8.0.2"), "", 100, 0});
    lab.route({prefix("0.0.0.0/0"), addr("10.8.0.9"), "", {}, 99});
    lab.route({prefix("0.0.0.0/1"), addr("10.8.0.4"), "", {}, 0});
    lab.route({prefix("::/0"), addr("fd88::2"), "tun0", 50, 0});
    const auto routes = lab.netlink->default_routes(ip::Family::v4);
    ASSERT_EQ(routes.size(), 2u);
    EXPECT_EQ(routes[0], (ports::Route{prefix("0.0.0.0/0"), addr("10.8.0.2"), "tun0", 100, 0, false,
                                       RTPROT_BOOT}));
    EXPECT_EQ(routes[1].gateway, addr("10.8.0.3"));
    const auto v6 = lab.netlink->default_routes(ip::Family::v6);
    ASSERT_EQ(v6.size(), 1u);
    EXPECT_EQ(v6[0],
              (ports::Route{prefix("::/0"), addr("fd88::2"), "tun0", 50, 0, false, RTPROT_BOOT}));
    // A default route can be taken away and put back as it was.
    EXPECT_TRUE(lab.netlink->remove_route(routes[0]));
    EXPECT_EQ(lab.netlink->default_routes(ip::Family::v4).size(), 1u);
    EXPECT_EQ(lab.route(routes[0]), RouteChange::added);
    EXPECT_EQ(lab.netlink->default_routes(ip::Family::v4), routes);
  });
}

TEST_F(NetlinkTest, puts_a_default_route_of_somebody_else_back_as_it_was) {
  in_lab([](Lab& lab) {
    lab.give(subnet);
    lab.ip({"route", "add", "default", "via", "203.0.113.1", "dev", "tun0", "proto", "dhcp", "src",
            "10.8.0.1", "metric", "100", "onlink"});
    const std::string before = lab.ip({"route", "show"});
    EXPECT_TRUE(lab.netlink->path_to(addr("198.51.100.7"))->onlink);
    const auto routes = lab.netlink->default_routes(ip::Family::v4);
    ASSERT_EQ(routes.size(), 1u);
    EXPECT_TRUE(lab.netlink->remove_route(routes[0]));
    EXPECT_TRUE(lab.netlink->default_routes(ip::Family::v4).empty());
    lab.route(routes[0]);
    EXPECT_EQ(lab.ip({"route", "show"}), before);
    lab.route({prefix("198.51.100.7/32"), addr("203.0.113.1"), "tun0", {}, 0, true});
    EXPECT_EQ(lab.netlink->path_to(addr("198.51.100.7"))->gateway, addr("203.0.113.1"));
  });
}

TEST_F(NetlinkTest, gives_the_routes_of_a_device_an_mtu_and_takes_it_back) {
  in_lab([](Lab& lab) {
    lab.give(subnet);
    lab.give({addr("fd88::1"), 64, {}, {}});
    lab.route({prefix("192.168.20.0/24"), addr("10.8.0.2"), "tun0", 7, 0});
    lab.route({prefix("fd99::/64"), addr("fd88::2"), "tun0", 5, 0});
    lab.route({prefix("0.0.0.0/1"), addr("10.8.0.2"), "", {}, 0});
    lab.ip({"route", "add", "192.168.77.0/24", "dev", "tun0", "mtu", "900"});
    const auto shown = [&] {
      return lab.ip({"route", "show", "dev", "tun0"}) +
             lab.ip({"-6", "route", "show", "dev", "tun0"});
    };
    const std::string before = shown();
    const auto count = [&](std::string_view word) {
      const std::string text = shown();
      std::size_t found = 0;
      for (std::size_t at = 0; (at = text.find(word, at)) != std::string::npos; ++at) ++found;
      return found;
    };
    ASSERT_TRUE(lab.netlink->set_route_mtu("tun0", 0, 1248));
    if (before.empty()) return;
    EXPECT_EQ(count(" mtu 1248"), 3u) << shown();
    EXPECT_GE(count(" mtu 1280"), 2u) << "IPv6 takes no less: " << shown();
    EXPECT_EQ(count(" mtu 900"), 1u) << "somebody else's stays";
    ASSERT_TRUE(lab.netlink->set_route_mtu("tun0", 1248, 1400));
    EXPECT_EQ(count(" mtu 1248"), 0u);
    EXPECT_EQ(count(" mtu 1280"), 0u);
    EXPECT_GE(count(" mtu 1400"), 5u) << shown();
    // Routes are found and removed as they were added.
    EXPECT_TRUE(lab.netlink->remove_route({prefix("0.0.0.0/1"), addr("10.8.0.2"), "", {}, 0}));
    EXPECT_EQ(lab.route({prefix("0.0.0.0/1"), addr("10.8.0.2"), "", {}, 0}), RouteChange::added);
    ASSERT_TRUE(lab.netlink->set_route_mtu("tun0", 1400, 0));
    EXPECT_EQ(shown(), before);
    EXPECT_TRUE(lab.netlink->remove_address("tun0", subnet));
    EXPECT_EQ(lab.netlink->path_to(addr("10.8.0.2")), std::nullopt);
    EXPECT_FALSE(lab.netlink->set_route_mtu("tun9", 0, 1400));
  });
}

TEST_F(NetlinkTest, giving_an_mtu_takes_no_route_away_from_another_device) {
  in_lab([](Lab& lab) {
    const auto other = TunDevice::open("tun8").value();
    ASSERT_TRUE(lab.netlink->configure_link("tun8", 1400, {}));
    ASSERT_TRUE(lab.netlink->add_address("tun8", {addr("fd88::1"), 64, {}, {}}));
    ASSERT_TRUE(lab.netlink->add_address("tun8", {addr("10.8.0.7"), 24, {}, {}}));
    lab.give({addr("fd88::2"), 64, {}, {}});
    lab.give(subnet);
    lab.route({prefix("fd99::/64"), {}, "tun0", {}, 0});
    const auto shown = [&](const char* family, const char* device) {
      return lab.ip({family, "route", "show", "dev", device});
    };
    const std::string v4 = shown("-4", "tun8"), v6 = shown("-6", "tun8");
    ASSERT_TRUE(lab.netlink->set_route_mtu("tun0", 0, 1300));
    if (v4.empty()) return;
    EXPECT_EQ(shown("-4", "tun8"), v4);
    EXPECT_EQ(shown("-6", "tun8"), v6);
    EXPECT_NE(v6.find("fd88::/64"), std::string::npos) << v6;
    EXPECT_EQ(shown("-4", "tun0").find(" mtu "), std::string::npos);
    EXPECT_NE(shown("-6", "tun0").find(" mtu 1300"), std::string::npos) << "fd99::/64 is its own";
  });
}

TEST_F(NetlinkTest, knows_no_path_where_there_is_none) {
  in_lab([](Lab& lab) {
    EXPECT_FALSE(lab.netlink->path_to(addr("192.0.2.1")));
    EXPECT_FALSE(lab.netlink->path_to(addr("2001:db8::1")));
    const auto own = lab.netlink->path_to(addr("127.0.0.1"));
    ASSERT_TRUE(own);
    EXPECT_EQ(own->device, "lo");
    // Many questions on one socket: no answer is left over for the next.
    for (int i = 0; i < 50; ++i) EXPECT_EQ(lab.netlink->path_to(addr("127.0.0.1")), own);
  });
}

TEST_F(NetlinkTest, lists_local_networks) {
  in_lab([](Lab& lab) {
    lab.give(subnet);
    const auto networks = lab.netlink->local_networks();
    const auto has = [&](std::string_view device, std::string_view address, int length) {
      return std::ranges::any_of(networks, [&](const ports::LocalNetwork& network) {
        return network.device == device && network.address == addr(address) &&
               network.prefix_length == length;
      });
    };
    EXPECT_TRUE(has("lo", "127.0.0.1", 8));
    EXPECT_TRUE(has("lo", "::1", 128));
    EXPECT_TRUE(has("tun0", "10.8.0.1", 24));
  });
}

TEST_F(NetlinkTest, counts_our_end_of_a_point_to_point_link_as_a_host) {
  in_lab([](Lab& lab) {
    lab.give(net30);
    const auto networks = lab.netlink->local_networks();
    const auto found = std::ranges::find(networks, addr("10.8.0.1"), &ports::LocalNetwork::address);
    ASSERT_NE(found, networks.end());
    EXPECT_EQ(found->prefix_length, 32);
  });
}

TEST_F(NetlinkTest, tells_hardware_addresses_where_there_are_some) {
  in_lab([](Lab& lab) {
    EXPECT_EQ(lab.netlink->hardware_address("lo"), "00:00:00:00:00:00");
    EXPECT_EQ(lab.netlink->hardware_address("tun0"), std::nullopt);
    EXPECT_EQ(lab.netlink->hardware_address("tun9"), std::nullopt);
  });
}

TEST_F(NetlinkTest, tells_whether_the_host_forwards) {
  in_lab([](Lab& lab) {
    EXPECT_FALSE(lab.netlink->forwarding_enabled(ip::Family::v6));
    static_cast<void>(lab.netlink->forwarding_enabled(ip::Family::v4));
  });
}

TEST_F(NetlinkTest, watch_reports_a_flurry_of_changes_once) {
  in_lab([](Lab& lab) {
    const auto loop = make_loop();
    int changes = 0;
    Instant reported;
    auto watch = NetworkWatch::start(
        *loop,
        [&] {
          ++changes;
          reported = loop->now();
        },
        100ms);
    ASSERT_TRUE(watch);
    const Instant begin = monotonic_now();
    lab.give(subnet);
    for (int i = 0; i < 20; ++i) {
      lab.route({ip::Prefix::of(ip::Address::v4(0xC0A80000u + (static_cast<unsigned>(i) << 8)), 24),
                 addr("10.8.0.2"),
                 "",
                 {},
                 0});
    }
    EXPECT_TRUE(run_until(*loop, [&] { return changes > 0; }));
    EXPECT_GE(reported - begin, 100ms);
    EXPECT_FALSE(run_until(
        *loop, [&] { return changes > 1; }, 150ms));
    lab.tun.reset();
    EXPECT_TRUE(run_until(*loop, [&] { return changes > 1; }));
  });
}

}  // namespace
}  // namespace adit::system
