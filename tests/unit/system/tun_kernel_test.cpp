// The kernel and we, about the same packets: what it splits and what we split, what we join and
// what it makes of that.
//
//   a test writes → "in" → the kernel forwards → "out" → a test reads
//
// A device without offloads gets from the kernel what it made of whole packets.

#include <fcntl.h>
#include <fstream>
#include <linux/ethtool.h>
#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

#include <gtest/gtest.h>

#include "plane/lane.h"
#include "system/netlink.h"
#include "system/socket_address.h"
#include "system/tun_device.h"
#include "tests/unit/ip/packets.h"
#include "tests/unit/system/addresses.h"
#include "tests/unit/system/sandbox.h"

namespace adit::system {
namespace {

namespace made = ip::made;

class TunKernelTest : public NetworkTest {};

void set(const std::string& name, const char* value) {
  std::ofstream("/proc/sys/net/" + name) << value;
}

struct Road {
  // quiet: without IPv6, of which the kernel itself has things to say
  explicit Road(TunOffloadLimit at_end, bool quiet = false)
      : in(TunDevice::open("in").value()),
        out(TunDevice::open("out", default_tun_node, at_end).value()) {
    for (const char* all : {"all", "default"}) {
      set(std::string("ipv4/conf/") + all + "/rp_filter", "0");
      set(std::string("ipv6/conf/") + all + "/router_solicitations", "0");
      set(std::string("ipv6/conf/") + all + "/forwarding", "1");
    }
    set("ipv4/ip_forward", "1");
    if (quiet) set("ipv6/conf/out/disable_ipv6", "1");
    const auto netlink = Netlink::open().value();
    EXPECT_TRUE(netlink->configure_link("in", 1500, 4000u));
    EXPECT_TRUE(netlink->configure_link("out", 1500, 4000u));
    EXPECT_TRUE(netlink->add_address("out", {addr("10.9.0.254"), 24, {}, {}}));
    EXPECT_EQ(netlink->add_address("out", {addr("fd00::fe"), 64, {}, {}}).has_value(), !quiet);
  }

  void write_whole(ip::VnetHeader header, Buffer packet) const {
    const iovec parts[] = {{&header, sizeof header}, {packet.data(), packet.size()}};
    EXPECT_EQ(writev(in->fd(), parts, 2), static_cast<ssize_t>(sizeof header + packet.size()))
        << errno;
  }
  void write(std::vector<Buffer> packets) const {
    std::vector<Packet> views;
    std::vector<Packet*> pointers;
    for (Buffer& one : packets) views.emplace_back(one, 0, one.size());
    for (Packet& view : views) pointers.push_back(&view);
    DropCounters drops;
    in->write(pointers, drops);
    EXPECT_EQ(drops.by_reason, DropCounters{}.by_reason);
  }
  // Everything that is not the kernel's own ICMPv6, most packets at a time.
  std::vector<Buffer> read(std::size_t most = plane::batch_packets) {
    std::vector<Buffer> found;
    plane::PacketPool pool(1500);
    const auto room = pool.packets().first(most);
    while (const std::size_t count = out->read(room, plane::front_room)) {
      for (const Packet& packet : room.first(count)) {
        if (packet.data()[0] >> 4 == 6 && packet.data()[7] == 255) continue;
        if (packet.data()[0] >> 4 == 6 && packet.data()[40] == 58) continue;
        found.push_back(to_buffer(packet.bytes()));
      }
    }
    return found;
  }

  std::unique_ptr<TunDevice> in, out;
};

// The road takes one from the time to live.
made::Fields arrived(made::Fields f) {
  --f.ttl;
  return f;
}

made::Fields some_fields(std::mt19937& chance) {
  made::Fields f;
  f.v6 = chance() % 2 != 0;
  f.udp = chance() % 2 != 0;
  f.sequence = static_cast<std::uint32_t>(0xFFFFFFFFu - chance() % 20'000);
  f.id = static_cast<std::uint16_t>(0xFFF8 + chance() % 16);
  f.flags = static_cast<std::uint8_t>(chance());
  f.tos = static_cast<std::uint8_t>(chance());
  f.tcp_options = made::noise(chance() % 11 * 4, chance);
  if (!f.v6 && chance() % 3 == 0) f.ip_options = {1, 1, 1, 0};
  if (f.v6 && chance() % 2 == 0) made::extend(f);
  return f;
}

// ---- splitting ----

TEST_F(TunKernelTest, the_model_splits_as_the_kernel_does) {
  in_own_network([] {
    Road road(TunOffloadLimit::nothing);
    std::mt19937 chance(21);
    for (int round = 0; round < 300; ++round) {
      made::Fields f = some_fields(chance);
      const std::size_t size = 100 + chance() % 1200;
      f.payload = made::noise(size + 1 + chance() % (size * 20), chance);
      road.write_whole(made::vnet(f, size), made::packet(f, true));
      ASSERT_EQ(road.read(), made::segments(arrived(f), size)) << round;
    }
  });
}

TEST_F(TunKernelTest, reading_splits_what_the_kernel_leaves_whole) {
  in_own_network([] {
    Road road(TunOffloadLimit::all);
    if (!road.out->offloads().uso) GTEST_SKIP() << road.out->offloads().why;
    std::mt19937 chance(22);
    std::size_t segments = 0;
    for (int round = 0; round < 300; ++round) {
      made::Fields f = some_fields(chance);
      // A device without TUN_F_TSO_ECN gets such packets split by the kernel.
      f.flags &= 0x7F;
      const std::size_t size = 100 + chance() % 1200;
      f.payload = made::noise(size + 1 + chance() % (size * 20), chance);
      road.write_whole(made::vnet(f, size), made::packet(f, true));
      const auto expected = made::segments(arrived(f), size);
      ASSERT_EQ(road.read(1 + chance() % 128), expected) << round;
      segments += expected.size();
    }
    EXPECT_EQ(road.out->traffic().packets_read - segments,
              road.out->traffic().reads - 300);  // ICMPv6
    EXPECT_EQ(road.out->traffic().malformed, 0u);
  });
}

TEST_F(TunKernelTest, a_whole_packet_goes_on_in_the_next_read) {
  in_own_network([] {
    Road road(TunOffloadLimit::all, true);
    made::Fields f;
    f.payload = Buffer(60'000, 5);
    road.write_whole(made::vnet(f, 500), made::packet(f, true));
    plane::PacketPool pool(1500);
    std::vector<std::size_t> batches;
    while (const std::size_t count = road.out->read(pool.packets().first(50), plane::front_room)) {
      batches.push_back(count);
    }
    EXPECT_EQ(batches, (std::vector<std::size_t>{50, 50, 20}));
    EXPECT_EQ(road.out->traffic().reads, 1u);
    EXPECT_EQ(road.out->traffic().packets_read, 120u);
  });
}

TEST_F(TunKernelTest, a_batch_does_not_end_in_the_middle_of_a_whole_packet) {
  in_own_network([] {
    Road road(TunOffloadLimit::all, true);
    made::Fields f;
    f.payload = Buffer(40 * 1400, 5);
    for (int i = 0; i < 4; ++i) road.write_whole(made::vnet(f, 1400), made::packet(f, true));
    plane::PacketPool pool(1500);
    std::vector<std::size_t> batches;
    while (const std::size_t count = road.out->read(pool.packets().first(100), plane::front_room)) {
      batches.push_back(count);
    }
    EXPECT_EQ(batches, (std::vector<std::size_t>{80, 80}));
  });
}

TEST_F(TunKernelTest, segments_that_do_not_fit_are_thrown_away_and_reading_goes_on) {
  in_own_network([] {
    Road road(TunOffloadLimit::all, true);
    made::Fields f;
    f.payload = Buffer(5000, 5);
    road.write_whole(made::vnet(f, 1400), made::packet(f, true));
    f.payload = Buffer(100, 6);
    road.write({made::packet(f)});
    plane::PacketPool small(1000);
    std::vector<std::size_t> sizes;
    while (const std::size_t count = road.out->read(small.packets(), plane::front_room)) {
      for (std::size_t i = 0; i < count; ++i) sizes.push_back(small[i].size());
    }
    EXPECT_EQ(sizes, (std::vector<std::size_t>{840, 140}));
    EXPECT_EQ(road.out->traffic().oversized, 3u);
  });
}

// Checksums that the kernel leaves to the device.
TEST_F(TunKernelTest, datagrams_of_every_length_get_their_checksum) {
  for (const TunOffloadLimit limit : {TunOffloadLimit::all, TunOffloadLimit::no_uso,
                                      TunOffloadLimit::no_tso, TunOffloadLimit::nothing}) {
    in_own_network([limit] {
      Road road(limit);
      const Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
      const auto to = to_socket_address({addr("10.9.0.200"), 6000, 0}, AF_INET);
      std::mt19937 chance(23);
      for (std::size_t size = 0; size <= 1472; size += size < 64 ? 1 : 37) {
        const Buffer payload = made::noise(size, chance);
        ASSERT_EQ(sendto(socket.get(), payload.data(), size, 0, to->raw(), to->size),
                  static_cast<ssize_t>(size));
        const auto packets = road.read();
        ASSERT_EQ(packets.size(), 1u);
        made::Fields f;
        f.udp = true;
        const std::uint16_t pseudo = made::pseudo(f, packets[0]);
        EXPECT_EQ(made::sum16(Bytes(packets[0]).subspan(20), pseudo), 0xFFFF);
        EXPECT_EQ(to_buffer(Bytes(packets[0]).subspan(28)), payload);
      }
    });
  }
}

// ---- joining ----

TEST_F(TunKernelTest, the_kernel_takes_apart_what_writing_joined) {
  in_own_network([] {
    Road road(TunOffloadLimit::nothing);
    const bool udp_joined = road.in->offloads().uso;
    std::mt19937 chance(24);
    for (int round = 0; round < 200; ++round) {
      made::Fields f = some_fields(chance);
      f.flags = 0x10;
      f.ip_options.clear();
      f.extensions.clear();
      const std::size_t size = 50 + chance() % 1250;
      const std::size_t count = 2 + chance() % 60;
      std::vector<Buffer> sent, expected;
      for (std::size_t i = 0; i < count; ++i) {
        const bool last = i + 1 == count;
        if (last) f.flags = 0x18;
        f.payload = made::noise(last ? 1 + chance() % size : size, chance);
        sent.push_back(made::packet(f));
        expected.push_back(made::packet(arrived(f)));
        f.sequence += static_cast<std::uint32_t>(f.payload.size());
        ++f.id;
      }
      const std::uint64_t before = road.in->traffic().writes;
      road.write(sent);
      ASSERT_EQ(road.read(), expected) << round;
      if (f.udp && !udp_joined) continue;
      ASSERT_LE(road.in->traffic().writes - before, 2u) << round;
    }
  });
}

TEST_F(TunKernelTest, a_broken_packet_arrives_broken) {
  in_own_network([] {
    Road road(TunOffloadLimit::nothing);
    made::Fields f;
    std::vector<Buffer> sent, expected;
    for (int i = 0; i < 5; ++i) {
      f.payload = Buffer(1000, static_cast<std::uint8_t>(i));
      sent.push_back(made::packet(f));
      expected.push_back(made::packet(arrived(f)));
      f.sequence += 1000;
      ++f.id;
    }
    sent[2].back() ^= 1;
    expected[2].back() ^= 1;
    road.write(sent);
    EXPECT_EQ(road.read(), expected);
  });
}

// ---- what is in use ----

bool left_whole(const char* device) {
  const Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ethtool_value value{ETHTOOL_GTSO, 0};
  ifreq request{};
  std::string(device).copy(request.ifr_name, IFNAMSIZ - 1);
  request.ifr_data = reinterpret_cast<char*>(&value);
  EXPECT_EQ(ioctl(socket.get(), SIOCETHTOOL, &request), 0) << errno;
  return value.data != 0;
}

TEST_F(TunKernelTest, retreats_as_far_as_it_is_told) {
  in_own_network([] {
    const auto offloads_at = [](TunOffloadLimit limit) {
      const auto device = TunDevice::open("tun3", default_tun_node, limit).value();
      EXPECT_EQ(left_whole("tun3"), device->offloads().tso);
      return device->offloads();
    };
    const auto no_uso = offloads_at(TunOffloadLimit::no_uso);
    EXPECT_TRUE(no_uso.vnet && no_uso.tso && !no_uso.uso);
    EXPECT_EQ(no_uso.why, "tun-offload no-uso");
    const auto no_tso = offloads_at(TunOffloadLimit::no_tso);
    EXPECT_TRUE(no_tso.vnet && !no_tso.tso && !no_tso.uso);
    EXPECT_EQ(no_tso.why, "tun-offload no-tso");
    const auto nothing = offloads_at(TunOffloadLimit::nothing);
    EXPECT_TRUE(!nothing.vnet && !nothing.tso && !nothing.uso);
    EXPECT_EQ(nothing.why, "tun-offload off");
    const auto all = offloads_at(TunOffloadLimit::all);
    EXPECT_TRUE(all.vnet && all.tso);
    EXPECT_EQ(all.uso, all.why.empty());
  });
}

// Another program would take a whole packet for a very large one.
TEST_F(TunKernelTest, a_device_that_stays_is_left_without_offloads) {
  in_own_network([] {
    ASSERT_TRUE(make_persistent("tun4", "", ""));
    EXPECT_FALSE(left_whole("tun4"));
    {
      const auto device = TunDevice::open("tun4").value();
      EXPECT_TRUE(left_whole("tun4"));
    }
    EXPECT_FALSE(left_whole("tun4"));
    ASSERT_TRUE(remove_persistent("tun4"));
  });
}

TEST_F(TunKernelTest, a_device_left_with_offloads_can_be_used_without) {
  in_own_network([] {
    ASSERT_TRUE(make_persistent("tun4", "", ""));
    Fd killed(::open(default_tun_node, O_RDWR | O_CLOEXEC));
    ifreq request{};
    std::string("tun4").copy(request.ifr_name, IFNAMSIZ - 1);
    request.ifr_flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR;
    ASSERT_EQ(ioctl(killed.get(), TUNSETIFF, &request), 0);
    int wider = 12;
    ASSERT_EQ(ioctl(killed.get(), TUNSETVNETHDRSZ, &wider), 0);
    ASSERT_EQ(ioctl(killed.get(), TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4), 0);
    killed.reset();
    EXPECT_TRUE(left_whole("tun4"));
    {
      const auto plain = TunDevice::open("tun4", default_tun_node, TunOffloadLimit::nothing);
      EXPECT_FALSE(left_whole("tun4"));
    }
    {
      const auto device = TunDevice::open("tun4").value();
      int size = 0;
      EXPECT_EQ(ioctl(device->fd(), TUNGETVNETHDRSZ, &size), 0);
      EXPECT_EQ(size, 10);
    }
    ASSERT_TRUE(remove_persistent("tun4"));
  });
}

// ---- many queues ----

std::unique_ptr<TunDevice> open_many(const std::string& name) {
  auto opened = TunDevice::open(name, default_tun_node, TunOffloadLimit::all, 2);
  EXPECT_TRUE(opened) << opened.error().text();
  return opened ? std::move(*opened) : nullptr;
}

// The kernel itself would give a queue of it to anybody.
TEST_F(TunKernelTest, a_device_with_many_queues_is_not_shared_with_another_holder) {
  in_own_network([] {
    const auto first = open_many("tun");
    EXPECT_EQ(first->name(), "tun0");
    EXPECT_NE(first->open_queue(), nullptr);
    EXPECT_EQ(open_many("tun")->name(), "tun1");
    const auto again = TunDevice::open("tun0", default_tun_node, TunOffloadLimit::all, 2);
    ASSERT_FALSE(again);
    EXPECT_NE(again.error().what.find("busy"), std::string::npos) << again.error().text();
  });
}

TEST_F(TunKernelTest, an_idle_device_with_many_queues_is_taken) {
  in_own_network([] {
    {
      const auto device = open_many("tun0");
      ASSERT_EQ(ioctl(device->fd(), TUNSETPERSIST, 1UL), 0);
    }
    for (const char* name : {"tun", "tun0"}) {
      const auto device = open_many(name);
      EXPECT_EQ(device->name(), "tun0");
      EXPECT_NE(device->open_queue(), nullptr);
    }
  });
}

TEST_F(TunKernelTest, an_idle_device_with_one_queue_is_taken_as_it_is) {
  in_own_network([] {
    ASSERT_TRUE(make_persistent("tun5", "", ""));
    const auto device = open_many("tun5");
    EXPECT_EQ(device->name(), "tun5");
    EXPECT_EQ(device->open_queue(), nullptr);
  });
}

}  // namespace
}  // namespace adit::system
