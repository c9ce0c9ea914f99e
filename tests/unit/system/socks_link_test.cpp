#include "system/socks_link.h"

#include <gtest/gtest.h>

#include "proxy/socks_header.h"

namespace adit::system {
namespace {

const ip::Endpoint relay{*ip::Address::parse("198.51.100.1"), 4660, 0};
const ip::Endpoint server{*ip::Address::parse("203.0.113.2"), 1194, 0};

// Keeps what is written, and has something to read.
class Below final : public ports::LinkPort {
 public:
  struct Datagram {
    ip::Endpoint other_end;
    Buffer bytes;
  };
  std::vector<Datagram> written, to_read;
  std::vector<ports::TooLarge> hints;
  std::optional<ports::LinkError> error;

  std::size_t read(std::span<Packet> packets, std::span<ports::LinkAddress> from,
                   std::size_t front_room) override {
    for (std::size_t i = 0; i < to_read.size(); ++i) {
      packets[i].assign(to_read[i].bytes, front_room);
      from[i].remote = to_read[i].other_end;
    }
    return to_read.size();
  }
  std::size_t take_closed(std::span<ports::LinkAddress>) override { return 0; }
  std::size_t take_too_large(std::span<ports::TooLarge> out) override {
    std::ranges::copy(hints, out.begin());
    return hints.size();
  }
  std::optional<ports::LinkError> take_error() override { return std::exchange(error, {}); }
  void write(std::span<const ports::OutgoingPacket> packets, DropCounters&) override {
    for (const auto& packet : packets) {
      written.push_back({packet.to.remote, to_buffer(packet.packet->bytes())});
    }
  }
};

struct Packets {
  explicit Packets(std::size_t count) : memory(count * 512), packets(count), from(count) {
    for (std::size_t i = 0; i < count; ++i) {
      packets[i] = Packet(MutableBytes(memory).subspan(i * 512, 512), 128, 0);
    }
  }
  Buffer memory;
  std::vector<Packet> packets;
  std::vector<ports::LinkAddress> from;
};

Buffer wrapped(std::string_view text, const ip::Endpoint& end) {
  Packets one(1);
  one.packets[0].assign(as_bytes(text), 128);
  proxy::put_socks_header(one.packets[0], end);
  return to_buffer(one.packets[0].bytes());
}

TEST(SocksLink, sends_all_by_the_relay_and_says_whom_it_is_for) {
  Below below;
  SocksLink link(below, relay, server);
  constexpr std::size_t many = 300;
  Packets room(many);
  std::vector<ports::OutgoingPacket> outgoing;
  for (Packet& packet : room.packets) {
    packet.assign(as_bytes("data"), 128);
    outgoing.push_back({&packet, {server, {}, 0}, 0});
  }
  DropCounters drops;
  link.write(outgoing, drops);
  ASSERT_EQ(below.written.size(), many);
  for (const auto& datagram : below.written) {
    EXPECT_EQ(datagram.other_end, relay);
    EXPECT_EQ(datagram.bytes, wrapped("data", server));
  }
}

TEST(SocksLink, takes_nothing_that_is_not_the_relays) {
  Below below;
  SocksLink link(below, relay, server);
  const Buffer good = wrapped("data", server);
  below.to_read = {{server, good},
                   {relay, good},
                   {relay, Buffer(good.begin(), good.begin() + 9)},
                   {relay, good}};
  Packets room(8);
  ASSERT_EQ(link.read(room.packets, room.from, 128), 2U);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(as_text(room.packets[i].bytes()), "data");
    EXPECT_EQ(room.from[i].remote, server);
  }
}

TEST(SocksLink, leaves_what_it_does_not_fill_as_it_was_given) {
  Below below;
  SocksLink link(below, relay, server);
  const Buffer good = wrapped("data", server);
  below.to_read = {{server, good}, {relay, good}};
  Packets room(4);
  ASSERT_EQ(link.read(room.packets, room.from, 128), 1U);
  for (std::size_t i = 1; i < 4; ++i) {
    EXPECT_EQ(room.packets[i].landing(0).data(), room.memory.data() + i * 512);
  }
}

TEST(SocksLink, names_the_server_where_its_relay_is_meant) {
  Below below;
  SocksLink link(below, relay, server);
  below.hints = {{relay, 1400}};
  std::array<ports::TooLarge, 4> hints;
  ASSERT_EQ(link.take_too_large(hints), 1U);
  EXPECT_EQ(hints[0].to, server);
  EXPECT_EQ(hints[0].mtu, 1400U);
}

TEST(SocksLink, tells_that_its_relay_is_not_reached) {
  Below below;
  SocksLink link(below, relay, server);
  below.error = ports::LinkError{relay, ECONNREFUSED, 3};
  const auto error = link.take_error();
  ASSERT_TRUE(error);
  EXPECT_EQ(error->to, relay);
  EXPECT_EQ(error->error, ECONNREFUSED);
  EXPECT_FALSE(link.take_error());
}

TEST(SocksLink, drops_what_no_relay_carries) {
  Below below;
  SocksLink link(below, relay, server);
  Packets room(2);
  room.packets[0].assign(as_bytes("data"), 128);
  room.packets[1].assign(as_bytes("data"), 4);
  const ip::Endpoint far{*ip::Address::parse("2001:db8::1"), 1194, 0};
  const std::vector<ports::OutgoingPacket> outgoing{{&room.packets[0], {far, {}, 0}, 0},
                                                    {&room.packets[1], {server, {}, 0}, 0}};
  DropCounters drops;
  link.write(outgoing, drops);
  EXPECT_TRUE(below.written.empty());
  EXPECT_EQ(drops.of(Drop::link_error), 2U);
}

}  // namespace
}  // namespace adit::system
