#include "system/tun_device.h"

#include <fstream>
#include <netinet/in.h>
#include <sys/socket.h>

#include "system/netlink.h"
#include "system/socket_address.h"
#include "tests/unit/system/addresses.h"
#include "tests/unit/system/sandbox.h"

namespace adit::system {
namespace {

class TunTest : public NetworkTest {};

// A tun device with the address 10.8.0.1/24 and a UDP socket of the host bound to it.
struct Inside {
  Inside() : tun(TunDevice::open("tun").value()), pool(1500) {
    const auto netlink = Netlink::open().value();
    EXPECT_TRUE(netlink->configure_link(tun->name(), 1500, 500u));
    EXPECT_TRUE(netlink->add_address(tun->name(), {addr("10.8.0.1"), 24, {}, {}}));
    socket = Fd(::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    const auto own = to_socket_address({addr("10.8.0.1"), 5000, 0}, AF_INET);
    EXPECT_EQ(bind(socket.get(), own->raw(), own->size), 0);
  }
  void send(std::string_view text) {
    const auto to = to_socket_address({addr("10.8.0.2"), 6000, 0}, AF_INET);
    EXPECT_EQ(sendto(socket.get(), text.data(), text.size(), 0, to->raw(), to->size),
              static_cast<ssize_t>(text.size()));
  }
  std::string receive() {
    char room[2048];
    const ssize_t count = recv(socket.get(), room, sizeof room, 0);
    return count < 0 ? "" : std::string(room, static_cast<std::size_t>(count));
  }
  // Reads whole batches, skipping what the kernel itself sends (router solicitations).
  std::vector<Packet> read_udp() {
    std::vector<Packet> found;
    const std::size_t count = tun->read(pool.packets(), plane::front_room);
    for (std::size_t i = 0; i < count; ++i) {
      if (pool[i].size() > 20 && pool[i].data()[0] == 0x45 && pool[i].data()[9] == 17) {
        found.push_back(pool[i]);
      }
    }
    return found;
  }

  std::unique_ptr<TunDevice> tun;
  plane::PacketPool pool;
  Fd socket;
};

// Sender and receiver change places; no checksum changes by that.
void turn_round(Packet& packet) {
  std::uint8_t* at = packet.data();
  std::swap_ranges(at + 12, at + 16, at + 16);
  std::swap_ranges(at + 20, at + 22, at + 22);
}

TEST_F(TunTest, carries_packets_of_the_host_there_and_back) {
  in_own_network([] {
    Inside inside;
    inside.send("hello");
    const auto packets = inside.read_udp();
    ASSERT_EQ(packets.size(), 1u);
    Packet packet = packets[0];
    EXPECT_EQ(packet.front_room(), plane::front_room);
    EXPECT_GE(packet.back_room(), plane::back_room);
    EXPECT_EQ(text_of(packet).substr(28), "hello");
    turn_round(packet);
    Packet* const answer[] = {&packet};
    DropCounters drops;
    inside.tun->write(answer, drops);
    EXPECT_EQ(inside.receive(), "hello");
    EXPECT_EQ(drops.by_reason, DropCounters{}.by_reason);
  });
}

TEST_F(TunTest, reads_and_writes_many_packets_in_order) {
  in_own_network([] {
    Inside inside;
    constexpr int count = 150;
    for (int i = 0; i < count; ++i) inside.send(std::to_string(i));
    DropCounters drops;
    int seen = 0;
    while (seen < count) {
      auto packets = inside.read_udp();
      ASSERT_FALSE(packets.empty());
      ASSERT_LE(packets.size(), plane::batch_packets);
      std::vector<Packet*> answers;
      for (Packet& packet : packets) {
        EXPECT_EQ(text_of(packet).substr(28), std::to_string(seen++));
        turn_round(packet);
        answers.push_back(&packet);
      }
      inside.tun->write(answers, drops);
    }
    for (int i = 0; i < count; ++i) EXPECT_EQ(inside.receive(), std::to_string(i));
    EXPECT_EQ(inside.tun->read(inside.pool.packets(), plane::front_room), 0u);
  });
}

TEST_F(TunTest, throws_away_what_does_not_fit_and_reads_on) {
  in_own_network([] {
    Inside inside;
    plane::PacketPool small(1000);
    inside.send(std::string(972, 'a'));  // 1000 bytes with its headers
    inside.send(std::string(973, 'b'));
    inside.send("c");
    std::vector<std::size_t> sizes;
    const std::size_t count = inside.tun->read(small.packets(), plane::front_room);
    for (std::size_t i = 0; i < count; ++i) {
      if (small[i].data()[0] == 0x45) sizes.push_back(small[i].size());
    }
    EXPECT_EQ(sizes, (std::vector<std::size_t>{1000, 29}));
    EXPECT_EQ(inside.tun->traffic().oversized, 1u);
  });
}

TEST_F(TunTest, counts_what_the_kernel_does_not_take) {
  in_own_network([] {
    Inside inside;
    inside.pool[0].assign(as_bytes("\x05 no ip packet"), plane::front_room);
    Packet* const packets[] = {&inside.pool[0]};
    DropCounters drops;
    inside.tun->write(packets, drops);
    EXPECT_EQ(drops.of(Drop::malformed), 1u);
    const auto down = TunDevice::open("tun").value();
    inside.pool[0].assign(as_bytes(std::string(40, 'E')), plane::front_room);
    down->write(packets, drops);
    EXPECT_EQ(drops.of(Drop::link_error), 1u);
  });
}

TEST_F(TunTest, takes_the_first_free_number) {
  in_own_network([] {
    const auto zero = TunDevice::open("tun").value();
    const auto two = TunDevice::open("tun2").value();
    const auto one = TunDevice::open("tun").value();
    const auto three = TunDevice::open("tun").value();
    const auto named = TunDevice::open("office").value();
    EXPECT_EQ(zero->name(), "tun0");
    EXPECT_EQ(one->name(), "tun1");
    EXPECT_EQ(two->name(), "tun2");
    EXPECT_EQ(three->name(), "tun3");
    EXPECT_EQ(named->name(), "office");
  });
}

TEST_F(TunTest, vanishes_with_its_owner) {
  in_own_network([] {
    EXPECT_EQ(TunDevice::open("tun7").value()->name(), "tun7");
    EXPECT_FALSE(Netlink::open().value()->configure_link("tun7", 1500, {}));
  });
}

TEST_F(TunTest, says_who_uses_a_device) {
  in_own_network([] {
    const auto first = TunDevice::open("tun5").value();
    const auto second = TunDevice::open("tun5");
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().what,
              "Cannot ioctl TUNSETIFF tun5: Device or resource busy (errno=16)");
    EXPECT_NE(second.error().advice.find("tun5 is used by "), std::string::npos);
    EXPECT_NE(second.error().advice.find("(pid " + std::to_string(getpid()) + ")"),
              std::string::npos)
        << second.error().advice;
  });
}

TEST_F(TunTest, refuses_names_that_no_device_can_have) {
  EXPECT_FALSE(TunDevice::open(""));
  const auto device = TunDevice::open("a-name-that-is-too-long");
  ASSERT_FALSE(device);
  EXPECT_EQ(device.error().advice, "a name has 1 to 15 characters");
}

TEST_F(TunTest, refuses_the_name_of_another_kind_of_device) {
  in_own_network([] {
    const auto device = TunDevice::open("lo");
    ASSERT_FALSE(device);
    EXPECT_EQ(device.error().advice, "lo exists and is not a tun device; choose another name");
  });
}

TEST_F(TunTest, advises_where_the_driver_is_missing) {
  const auto device = TunDevice::open("tun", "/nonexistent/net/tun");
  ASSERT_FALSE(device);
  EXPECT_EQ(device.error().what,
            "Cannot open TUN/TAP dev /nonexistent/net/tun: No such file or directory (errno=2)");
  for (const char* word : {"modprobe tun", "mkdir -p /dev/net", "mknod", "--device"}) {
    EXPECT_NE(device.error().advice.find(word), std::string::npos) << device.error().advice;
  }
}

TEST_F(TunTest, advises_a_user_without_rights) {
  in_own_network([] {
    ASSERT_EQ(setresuid(65534, 65534, 65534), 0);
    const auto device = TunDevice::open("tun");
    ASSERT_FALSE(device);
    EXPECT_FALSE(device.error().advice.empty());
  });
}

TEST_F(TunTest, persistent_device_stays_until_it_is_removed) {
  in_own_network([] {
    const auto made = make_persistent("tun9", "nobody", "nogroup");
    ASSERT_TRUE(made) << made.error().text();
    EXPECT_EQ(*made, "tun9");
    const auto netlink = Netlink::open().value();
    EXPECT_TRUE(netlink->configure_link("tun9", 1500, {}));
    const std::string text = output_of({"/usr/sbin/ip", "-d", "link", "show", "tun9"});
    if (!text.empty()) {
      EXPECT_NE(text.find("persist on user nobody group nogroup"), std::string::npos) << text;
    }
    EXPECT_EQ(TunDevice::open("tun9").value()->name(), "tun9");  // it may be used meanwhile
    const auto removed = remove_persistent("tun9");
    ASSERT_TRUE(removed);
    EXPECT_FALSE(netlink->configure_link("tun9", 1500, {}));
  });
}

TEST_F(TunTest, persistent_device_needs_an_owner_that_exists) {
  const auto made = make_persistent("tun9", "no-such-user-here", "");
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().what, "cannot use user \"no-such-user-here\": there is no such user");
}

TEST(NullTun, has_nothing_and_takes_everything) {
  NullTun tun;
  plane::PacketPool pool(100);
  EXPECT_EQ(tun.read(pool.packets(), plane::front_room), 0u);
  Packet* const packets[] = {&pool[0]};
  DropCounters drops;
  tun.write(packets, drops);
  EXPECT_EQ(drops.by_reason, DropCounters{}.by_reason);
}

}  // namespace
}  // namespace adit::system
