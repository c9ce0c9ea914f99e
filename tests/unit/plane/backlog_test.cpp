#include "plane/backlog.h"

#include "tests/unit/plane/planes.h"

namespace adit::plane {
namespace {

constexpr Instant start{1h};

TEST(Backlog, is_told_of_after_so_many_bytes_without_a_pause) {
  Backlog backlog;
  EXPECT_FALSE(backlog.after_read(Backlog::most_bytes - 1, start));
  EXPECT_TRUE(backlog.after_read(1, start));
}

TEST(Backlog, begins_anew_where_nothing_waited) {
  Backlog backlog;
  EXPECT_FALSE(backlog.after_read(Backlog::most_bytes - 1, start));
  EXPECT_FALSE(backlog.after_read(0, start));
  EXPECT_FALSE(backlog.after_read(Backlog::most_bytes - 1, start));
}

TEST(Backlog, is_told_of_no_more_often_than_senders_hear) {
  Backlog backlog;
  ASSERT_TRUE(backlog.after_read(Backlog::most_bytes, start));
  EXPECT_FALSE(backlog.after_read(2 * Backlog::most_bytes, start + Backlog::interval - 1ns));
  EXPECT_TRUE(backlog.after_read(1, start + Backlog::interval));
}

// A tun that is never empty.
class Flooded : public Planes {
 protected:
  struct Outcome {
    std::size_t lost;
    std::size_t marked;
  };

  // Of a little more than what may wait, in packets of one kind.
  Outcome send(std::uint8_t protocol, std::uint8_t tos, std::size_t size) {
    End client(PlaneSetup{}), server(server_setup());
    join(server, 0, "10.8.0.2/32");
    start(client, 0);
    Buffer bytes = packet("10.8.0.2", "10.8.0.1");
    bytes.resize(size);
    store_u16(&bytes[2], static_cast<std::uint16_t>(size));
    bytes[1] = tos;
    bytes[9] = protocol;
    const std::size_t count = Backlog::most_bytes / size + 200;
    client.tun.to_tunnel.assign(count, bytes);
    carry(client, server, address("203.0.113.2", 40000));
    const auto& arrived = server.tun.from_tunnel;
    const auto marked =
        std::ranges::count_if(arrived, [](const Buffer& one) { return one[1] == 3; });
    EXPECT_EQ(client.plane.drops().of(Drop::queue_full), count - arrived.size());
    return {count - arrived.size(), static_cast<std::size_t>(marked)};
  }
};

constexpr std::uint8_t tcp = 6, udp = 17;

TEST_F(Flooded, one_full_segment_of_tcp_is_lost) {
  const Outcome outcome = send(tcp, 0, 1400);
  EXPECT_EQ(outcome.lost, 1u);
  EXPECT_EQ(outcome.marked, 0u);
}

TEST_F(Flooded, or_marked_where_both_ends_know_ecn) {
  const Outcome outcome = send(tcp, 2, 1400);
  EXPECT_EQ(outcome.lost, 0u);
  EXPECT_EQ(outcome.marked, 1u);
}

TEST_F(Flooded, nothing_else_is_lost) {
  EXPECT_EQ(send(udp, 0, 1400).lost, 0u);
  EXPECT_EQ(send(tcp, 0, 400).lost, 0u);
}

}  // namespace
}  // namespace adit::plane
