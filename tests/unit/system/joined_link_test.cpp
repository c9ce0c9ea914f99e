#include "system/joined_link.h"

#include "system/tcp_link.h"
#include "tests/unit/system/udp_ends.h"

namespace adit::system {
namespace {

class JoinedLinks : public NetworkTest {};

// Two sockets as one link.
struct Joined {
  Joined() : link({&*first.link, &*second.link}, nullptr) {}

  std::vector<ReceivedText> read(std::size_t most = plane::batch_packets) {
    std::vector<Packet> landed(pool.packets().begin(),
                               pool.packets().begin() + static_cast<std::ptrdiff_t>(most));
    const std::size_t count = link.read(landed, std::span(from).first(most), plane::front_room);
    std::vector<ReceivedText> all;
    for (std::size_t i = 0; i < count; ++i) all.push_back({text_of(landed[i]), from[i]});
    return all;
  }
  std::vector<ReceivedText> read_all(std::size_t count) {
    std::vector<ReceivedText> all;
    eventually([&] {
      for (ReceivedText& one : read()) all.push_back(std::move(one));
      return all.size() >= count;
    });
    return all;
  }

  static UdpSettings telling_errors() {
    UdpSettings settings = any(Stack::v4);
    settings.mtu_discovery = UdpSettings::MtuDiscovery::probe;
    return settings;
  }

  UdpEnd first{telling_errors()}, second{telling_errors()};
  plane::PacketPool pool{2048};
  std::vector<ports::LinkAddress> from{plane::batch_packets};
  JoinedLink link;
};

TEST_F(JoinedLinks, answers_go_by_the_socket_that_was_asked) {
  in_own_network([] {
    Joined joined;
    UdpPeer peer(at("127.0.0.1", 0));
    for (UdpEnd* end : {&joined.first, &joined.second}) {
      const ip::Endpoint asked = at("127.0.0.1", end->link->local().port);
      peer.send("question", asked);
      const auto got = joined.read_all(1);
      ASSERT_EQ(got.size(), 1u);
      EXPECT_EQ(got[0].from.socket, end == &joined.first ? 0 : 1);
      OutgoingPackets outgoing;
      DropCounters drops;
      const ports::OutgoingPacket packets[] = {outgoing.make("answer", got[0].from)};
      joined.link.write(packets, drops);
      const auto [text, from] = peer.receive();
      EXPECT_EQ(text, "answer");
      EXPECT_EQ(from, asked);
    }
  });
}

TEST_F(JoinedLinks, one_peer_at_two_sockets_is_two) {
  ports::LinkAddress one, other;
  other.socket = 1;
  EXPECT_FALSE(one.same_peer(other));
}

TEST_F(JoinedLinks, a_batch_for_several_sockets_goes_to_each_in_order) {
  in_own_network([] {
    Joined joined;
    UdpPeer peer(at("127.0.0.1", 0));
    ports::LinkAddress by_first, by_second, nowhere;
    by_first.remote = by_second.remote = nowhere.remote = peer.endpoint;
    by_second.socket = 1;
    nowhere.socket = 7;
    OutgoingPackets outgoing;
    DropCounters drops;
    const ports::OutgoingPacket packets[] = {
        outgoing.make("a", by_first), outgoing.make("b", by_second), outgoing.make("c", by_second),
        outgoing.make("x", nowhere), outgoing.make("d", by_first)};
    joined.link.write(packets, drops);
    std::string first, second;
    for (int i = 0; i < 4; ++i) {
      const auto [text, from] = peer.receive();
      (from.port == joined.first.link->local().port ? first : second) += text;
    }
    EXPECT_EQ(first, "ad");
    EXPECT_EQ(second, "bc");
    EXPECT_EQ(drops.of(Drop::link_error), 1u);
  });
}

TEST_F(JoinedLinks, tell_what_any_socket_sent_in_vain_and_count_what_all_sent) {
  in_own_network([] {
    Joined joined;
    ports::LinkAddress nobody;
    nobody.remote = at("127.0.0.1", 9);
    for (const auto& [socket, end] : {std::pair{0, &joined.first}, {1, &joined.second}}) {
      nobody.socket = static_cast<std::uint16_t>(socket);
      OutgoingPackets outgoing;
      DropCounters drops;
      const ports::OutgoingPacket packets[] = {outgoing.make("lost", nobody)};
      joined.link.write(packets, drops);
      std::optional<ports::LinkError> error;
      ASSERT_TRUE(eventually([&] {
        EXPECT_TRUE(joined.read().empty());
        error = joined.link.take_error();
        return error.has_value();
      }));
      EXPECT_EQ(error->error, ECONNREFUSED);
      EXPECT_EQ(error->to, nobody.remote);
      EXPECT_EQ(error->descriptor, end->link->fd());
      EXPECT_FALSE(joined.link.take_error()) << "it is told once";
    }
    EXPECT_EQ(joined.link.traffic().packets_written, 2u);
    EXPECT_EQ(joined.first.link->traffic().packets_written, 1u);
  });
}

TEST_F(JoinedLinks, no_socket_keeps_the_other_from_being_read) {
  in_own_network([] {
    Joined joined;
    UdpPeer loud(at("127.0.0.1", 0)), quiet(at("127.0.0.1", 0));
    for (int i = 0; i < 500; ++i) {
      loud.send("loud", at("127.0.0.1", joined.first.link->local().port));
    }
    quiet.send("quiet", at("127.0.0.1", joined.second.link->local().port));
    for (int batch = 0; batch < 2; ++batch) {
      const auto got = joined.read();
      for (const ReceivedText& one : got) {
        if (one.text == "quiet") return;
      }
    }
    FAIL() << "the quiet one was not read in two batches";
  });
}

}  // namespace
}  // namespace adit::system
