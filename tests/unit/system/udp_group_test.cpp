#include "system/udp_group.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include "system/netlink.h"
#include "system/socket_address.h"
#include "tests/unit/system/sandbox.h"
#include "wire/data_header.h"
#include "wire/opcode.h"

namespace adit::system {
namespace {

class UdpGroupTest : public NetworkTest {};

Buffer data_packet(std::uint32_t peer_id) {
  Buffer packet(40);
  store_u32(packet.data(), peer_id);
  packet[0] = wire::head_byte(wire::Opcode::data_v2, 3);
  return packet;
}

struct Sender {
  explicit Sender(std::uint16_t port) : fd(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    to = to_socket_address({*ip::Address::parse("127.0.0.1"), port, 0}, AF_INET).value();
  }
  void send(Bytes bytes) const {
    EXPECT_EQ(sendto(fd.get(), bytes.data(), bytes.size(), 0, to.raw(), to.size),
              static_cast<ssize_t>(bytes.size()));
  }
  Fd fd;
  SocketAddress to;
};

// Everything that waits at one socket of the group.
// Both sockets are looked at when there was nothing twice.
std::vector<Buffer> waiting_at(UdpLink& link) {
  plane::PacketPool pool(2048);
  std::vector<ports::LinkAddress> from(plane::batch_packets);
  std::vector<Buffer> all;
  std::vector<Packet> packets(pool.packets().begin(), pool.packets().end());
  for (int nothing = 0; nothing < 2;) {
    const std::size_t count = link.read(packets, from, plane::front_room);
    nothing = count == 0 ? nothing + 1 : 0;
    for (std::size_t i = 0; i < count; ++i) all.push_back(to_buffer(packets[i].bytes()));
    packets.assign(pool.packets().begin(), pool.packets().end());
  }
  return all;
}

UdpSettings any_port() {
  UdpSettings settings;
  settings.local_port = 0;
  return settings;
}

TEST_F(UdpGroupTest, hands_data_to_the_socket_of_its_peer_from_whatever_address) {
  in_own_network([] {
    auto group = open_udp_group(any_port(), 3).value();
    ASSERT_EQ(group.size(), 3u);
    const std::uint16_t port = group[0]->local().port;
    for (const auto& link : group) EXPECT_EQ(link->local().port, port);
    for (int round = 0; round < 4; ++round) {
      const Sender sender(port);
      for (std::uint32_t id : {0u, 1u, 2u, 3u, 7u, 0x10001u, 0xFFFFFEu}) {
        sender.send(data_packet(id));
        for (std::size_t i = 0; i < group.size(); ++i) {
          EXPECT_EQ(waiting_at(*group[i]).size(), i == id % 3 ? 1u : 0u) << id << " at " << i;
        }
      }
    }
  });
}

TEST_F(UdpGroupTest, reads_with_room_for_a_single_packet) {
  in_own_network([] {
    auto group = open_udp_group(any_port(), 2).value();
    const Sender sender(group[0]->local().port);
    sender.send(data_packet(0));
    plane::PacketPool pool(2048);
    std::vector<ports::LinkAddress> from(1);
    std::vector<Packet> packets(pool.packets().begin(), pool.packets().begin() + 1);
    EXPECT_EQ(group[0]->read(packets, from, plane::front_room), 1u);
  });
}

TEST_F(UdpGroupTest, hands_data_without_a_peer_id_to_the_first) {
  in_own_network([] {
    auto group = open_udp_group(any_port(), 4).value();
    for (int round = 0; round < 8; ++round) {
      const Sender sender(group[0]->local().port);
      sender.send(data_packet(wire::peer_id_none));
      Buffer old(40);
      old[0] = wire::head_byte(wire::Opcode::data_v1, 0);
      sender.send(old);
      sender.send(Bytes(old).first(2));  // too short to look into
    }
    EXPECT_EQ(waiting_at(*group[0]).size(), 24u);
  });
}

TEST_F(UdpGroupTest, gives_all_but_data_a_queue_of_its_own) {
  in_own_network([] {
    UdpSettings settings = any_port();
    settings.socket.receive_buffer = 20'000;
    for (const std::size_t count : {1u, 3u}) {
      auto group = open_udp_group(settings, count).value();
      ASSERT_EQ(group.size(), count);
      EXPECT_EQ(group[0]->fds().size(), 2u);
      const Sender sender(group[0]->local().port);
      for (int i = 0; i < 1000; ++i) sender.send(data_packet(0));
      Buffer control(40);
      control[0] = wire::head_byte(wire::Opcode::control_v1, 0);
      for (int i = 0; i < 8; ++i) sender.send(control);
      EXPECT_GT(group[0]->traffic().overflowed, 0u) << "the flood has filled its queue";
      std::size_t seen = 0;
      for (const Buffer& packet : waiting_at(*group[0])) seen += packet == control ? 1 : 0;
      EXPECT_EQ(seen, 8u);
    }
  });
}

TEST_F(UdpGroupTest, still_tells_which_data_came_in_fragments) {
  in_own_network([] {
    ASSERT_TRUE(Netlink::open().value()->configure_link("lo", 1280, {}));
    auto group = open_udp_group(any_port(), 1).value();
    const Sender sender(group[0]->local().port);
    Buffer control(40), large = data_packet(0);
    control[0] = wire::head_byte(wire::Opcode::control_v1, 0);
    large.resize(1400);
    plane::PacketPool pool(2048);
    std::vector<ports::LinkAddress> from(plane::batch_packets);
    std::size_t with_control = 0;
    for (int i = 0; i < 16; ++i) {
      sender.send(large);
      sender.send(control);
      auto packets = std::vector(pool.packets().begin(), pool.packets().end());
      with_control += group[0]->read(packets, from, plane::front_room) > 1 ? 1 : 0;
      ASSERT_EQ(group[0]->in_fragments().size(), 1u);
      EXPECT_EQ(packets[group[0]->in_fragments()[0]].size(), large.size());
    }
    EXPECT_EQ(with_control, 4u);
  });
}

TEST_F(UdpGroupTest, does_not_share_the_port_with_another_group) {
  in_own_network([] {
    auto group = open_udp_group(any_port(), 2).value();
    UdpSettings same = any_port();
    same.local_port = group[0]->local().port;
    const auto other = open_udp_group(same, 2);
    ASSERT_FALSE(other);
    EXPECT_NE(other.error().text().find("Address already in use"), std::string::npos);
  });
}

}  // namespace
}  // namespace adit::system
