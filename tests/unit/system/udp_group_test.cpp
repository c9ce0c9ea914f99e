#include "system/udp_group.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

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
std::vector<Buffer> waiting_at(UdpLink& link) {
  plane::PacketPool pool(2048);
  std::vector<ports::LinkAddress> from(plane::batch_packets);
  std::vector<Buffer> all;
  std::vector<Packet> packets(pool.packets().begin(), pool.packets().end());
  while (const std::size_t count = link.read(packets, from, plane::front_room)) {
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
    auto group = UdpGroup::open(any_port(), 3).value();
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

TEST_F(UdpGroupTest, hands_data_without_a_peer_id_to_the_first) {
  in_own_network([] {
    auto group = UdpGroup::open(any_port(), 4).value();
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

TEST_F(UdpGroupTest, loses_no_control_packet) {
  in_own_network([] {
    auto group = UdpGroup::open(any_port(), 4).value();
    Buffer control(40);
    control[0] = wire::head_byte(wire::Opcode::control_v1, 0);
    for (int round = 0; round < 32; ++round) Sender(group[0]->local().port).send(control);
    std::size_t seen = 0, used = 0;
    for (const auto& link : group) {
      const std::size_t here = waiting_at(*link).size();
      seen += here;
      used += here > 0 ? 1 : 0;
    }
    EXPECT_EQ(seen, 32u);
    EXPECT_GT(used, 1u) << "and spreads them";
  });
}

TEST_F(UdpGroupTest, does_not_share_the_port_with_another_group) {
  in_own_network([] {
    auto group = UdpGroup::open(any_port(), 2).value();
    UdpSettings same = any_port();
    same.local_port = group[0]->local().port;
    const auto other = UdpGroup::open(same, 2);
    ASSERT_FALSE(other);
    EXPECT_NE(other.error().text().find("Address already in use"), std::string::npos);
  });
}

}  // namespace
}  // namespace adit::system
