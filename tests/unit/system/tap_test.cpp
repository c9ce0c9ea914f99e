// The kernel and we, about the same frames: what we join, a bridge passes on, and comes out of
// another tap as it was.

#include <fstream>

#include <gtest/gtest.h>

#include "ip/ethernet.h"
#include "plane/lane.h"
#include "system/netlink.h"
#include "system/tun_device.h"
#include "tests/unit/ip/packets.h"
#include "tests/unit/system/sandbox.h"

namespace adit::system {
namespace {

namespace made = ip::made;

class TapTest : public NetworkTest {};

Result<std::unique_ptr<TunDevice>> open_tap(const std::string& name,
                                            TunOffloadLimit limit = TunOffloadLimit::all) {
  return TunDevice::open(name, default_tun_node, limit, 1, TunLayer::ethernet);
}

Buffer frame(const Buffer& payload, std::uint16_t type, std::uint16_t vlan = 0) {
  Buffer bytes{2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2};
  if (vlan != 0) bytes.insert(bytes.end(), {0x81, 0x00, 0x00, static_cast<std::uint8_t>(vlan)});
  bytes.insert(bytes.end(),
               {static_cast<std::uint8_t>(type >> 8), static_cast<std::uint8_t>(type)});
  bytes.insert(bytes.end(), payload.begin(), payload.end());
  return bytes;
}

// Frames of one flow, as a kernel sends them.
std::vector<Buffer> stream(bool v6, bool udp, std::uint16_t vlan) {
  made::Fields f;
  f.v6 = v6;
  f.udp = udp;
  std::vector<Buffer> frames;
  for (int i = 0; i < 20; ++i) {
    f.payload.assign(i < 19 ? 1400 : 77, static_cast<std::uint8_t>(i));
    frames.push_back(frame(made::packet(f), v6 ? 0x86DD : 0x0800, vlan));
    f.sequence += static_cast<std::uint32_t>(f.payload.size());
    ++f.id;
  }
  return frames;
}

// in → bridge → out
struct Bridge {
  explicit Bridge(TunOffloadLimit at_end)
      : in(open_tap("in").value()), out(open_tap("out", at_end).value()) {
    const std::string ip = "/usr/sbin/ip";
    for (const char* name : {"all", "default"}) {
      std::ofstream(std::string("/proc/sys/net/ipv6/conf/") + name + "/disable_ipv6") << "1";
    }
    output_of({ip, "link", "add", "br0", "type", "bridge", "forward_delay", "0"});
    const auto netlink = Netlink::open().value();
    for (const char* name : {"in", "out"}) {
      output_of({ip, "link", "set", name, "master", "br0"});
      EXPECT_TRUE(netlink->configure_link(name, 1500, 4000u));
    }
    EXPECT_TRUE(netlink->configure_link("br0", 1500, {}));
  }

  void write(std::vector<Buffer> frames) const {
    std::vector<Packet> views;
    std::vector<Packet*> pointers;
    for (Buffer& one : frames) views.emplace_back(one, 0, one.size());
    for (Packet& view : views) pointers.push_back(&view);
    DropCounters drops;
    in->write(pointers, drops);
    EXPECT_EQ(drops.by_reason, DropCounters{}.by_reason);
  }
  std::vector<Buffer> read() const {
    std::vector<Buffer> found;
    plane::PacketPool pool(1600);
    while (const std::size_t count = out->read(pool.packets(), plane::front_room)) {
      for (std::size_t i = 0; i < count; ++i) {
        // The bridge itself speaks, too (IGMP).
        Buffer heard = to_buffer(pool[i].bytes());
        if (heard.size() > 11 && heard[6] == 2 && heard[11] == 2) found.push_back(std::move(heard));
      }
    }
    return found;
  }

  std::unique_ptr<TunDevice> in, out;
};

TEST_F(TapTest, is_the_first_that_is_free_and_takes_a_hardware_address) {
  in_own_network([] {
    const auto first = open_tap("tap").value(), second = open_tap("tap").value();
    EXPECT_EQ(first->name(), "tap0");
    EXPECT_EQ(second->name(), "tap1");
    EXPECT_TRUE(first->offloads().tso);
    const auto netlink = Netlink::open().value();
    const auto address = *ip::MacAddress::parse("02:00:5e:00:00:09");
    ASSERT_TRUE(netlink->set_hardware_address("tap0", address));
    EXPECT_EQ(netlink->hardware_address("tap0"), address.text());
    EXPECT_FALSE(netlink->set_hardware_address("tap7", address));
    const auto group = netlink->set_hardware_address("tap0", {{1, 0, 0, 0, 0, 1}});
    ASSERT_FALSE(group);
    EXPECT_NE(group.error().what.find("01:00:00:00:00:01"), std::string::npos);
  });
}

TEST_F(TapTest, is_not_a_tun_device) {
  in_own_network([] {
    const auto tun = TunDevice::open("tun").value();
    const auto other = open_tap("tun0");
    ASSERT_FALSE(other);
    const auto busy = open_tap("tap0").value();
    EXPECT_FALSE(open_tap("tap0"));
    const auto made = make_persistent("tap9", "", "", default_tun_node, TunLayer::ethernet);
    ASSERT_TRUE(made);
    EXPECT_FALSE(TunDevice::open("tap9"));
    EXPECT_TRUE(remove_persistent("tap9", default_tun_node, TunLayer::ethernet));
  });
}

TEST_F(TapTest, passes_frames_on_as_they_were_whatever_was_joined_on_the_way) {
  for (const TunOffloadLimit limit : {TunOffloadLimit::all, TunOffloadLimit::no_uso,
                                      TunOffloadLimit::no_tso, TunOffloadLimit::nothing}) {
    in_own_network([limit] {
      const Bridge bridge(limit);
      for (const bool v6 : {false, true}) {
        for (const bool udp : {false, true}) {
          for (const std::uint16_t vlan : {std::uint16_t{0}, std::uint16_t{7}}) {
            const auto sent = stream(v6, udp, vlan);
            const auto before = bridge.in->traffic();
            bridge.write(sent);
            const auto after = bridge.in->traffic();
            EXPECT_EQ(after.writes - before.writes, 1u) << v6 << udp << vlan;
            EXPECT_EQ(bridge.read(), sent) << v6 << udp << vlan;
          }
        }
      }
    });
  }
}

TEST_F(TapTest, passes_what_is_not_ip_or_is_filled_up) {
  in_own_network([] {
    const Bridge bridge(TunOffloadLimit::all);
    Buffer filled = frame(made::packet({}), 0x0800);
    filled.resize(60);
    const std::vector<Buffer> sent{frame(Buffer(46, 1), 0x88B5), filled, frame({}, 0x88B5),
                                   frame(Buffer(1500, 3), 0x88B5, 9)};
    bridge.write(sent);
    auto found = bridge.read();
    ASSERT_EQ(found.size(), sent.size());
    found[1].resize(60);  // a packet filter on the bridge takes off what fills up
    EXPECT_EQ(found, sent);
    EXPECT_EQ(bridge.out->traffic().malformed, 0u);
  });
}

}  // namespace
}  // namespace adit::system
