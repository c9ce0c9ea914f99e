// Batches, trains of equal datagrams, and fragments: how datagrams travel through the kernel.

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <linux/if_ether.h>
#include <netinet/in.h>
#include <sys/syscall.h>

#include "tests/unit/system/udp_ends.h"

namespace {

// Until 2025 kernels did not tell a train that is too large for its device from one that is wrong.
std::atomic<bool> as_an_old_kernel = false;

bool is_train(const msghdr& message) {
  msghdr copy = message;
  for (cmsghdr* part = CMSG_FIRSTHDR(&copy); part != nullptr; part = CMSG_NXTHDR(&copy, part)) {
    if (part->cmsg_level == IPPROTO_UDP) return true;
  }
  return false;
}

}  // namespace

// In place of the C library's.
extern "C" int sendmmsg(int socket, mmsghdr* messages, unsigned count, int flags) {
  const auto sent = static_cast<int>(syscall(SYS_sendmmsg, socket, messages, count, flags));
  if (sent < 0 && errno == EMSGSIZE && as_an_old_kernel && is_train(messages[0].msg_hdr)) {
    errno = EINVAL;
  }
  return sent;
}

namespace adit::system {
namespace {

class UdpTrainsTest : public NetworkTest {};

TEST_F(UdpTrainsTest, moves_batches_of_many_packets_in_order) {
  in_own_network([] {
    UdpEnd one(any(Stack::v4)), other(any(Stack::v4));
    const ports::LinkAddress to{at("127.0.0.1", other.link->local().port), {}, 0};
    constexpr std::size_t count = 64;
    std::vector<std::pair<std::string, ports::LinkAddress>> messages;
    for (std::size_t i = 0; i < count; ++i)
      messages.emplace_back("packet " + std::to_string(i), to);
    one.send(messages);
    const auto got = other.read();
    ASSERT_EQ(got.size(), count);
    for (std::size_t i = 0; i < count; ++i) EXPECT_EQ(got[i].text, messages[i].first);
    EXPECT_TRUE(other.read().empty());
  });
}

TEST_F(UdpTrainsTest, writes_more_than_one_batch_in_a_call) {
  in_own_network([] {
    UdpEnd one(any(Stack::v4)), other(any(Stack::v4));
    const ports::LinkAddress to{at("127.0.0.1", other.link->local().port), {}, 0};
    std::vector<ports::OutgoingPacket> packets;
    const ports::OutgoingPacket packet = one.outgoing.make("again", to);
    for (int i = 0; i < 150; ++i) packets.push_back(packet);
    one.link->write(packets, one.drops);
    std::size_t seen = 0;
    EXPECT_TRUE(eventually([&] { return (seen += other.read().size()) == 150; }));
  });
}

TEST_F(UdpTrainsTest, tells_which_datagrams_came_in_fragments) {
  in_own_network([] {
    add_to_loopback("fd00::1", 128);
    ASSERT_TRUE(Netlink::open().value()->configure_link("lo", 1280, {}));
    for (const Stack stack : {Stack::v4, Stack::dual}) {
      for (const char* host : {"127.0.0.1", "fd00::1"}) {
        if (stack == Stack::v4 && host == std::string_view("fd00::1")) continue;
        UdpEnd end(any(stack));
        UdpPeer peer(at(host, 0));
        const std::string whole(1000, 'w'), cut(1400, 'c');
        for (const std::string& text : {whole, cut, whole, cut}) {
          peer.send(text, at(host, end.link->local().port));
        }
        std::vector<bool> in_fragments;
        ASSERT_TRUE(eventually([&] {
          const auto read = end.read();
          for (std::size_t i = 0; i < read.size(); ++i) {
            in_fragments.push_back(std::ranges::count(end.link->in_fragments(), i) == 1);
          }
          return in_fragments.size() >= 4;
        }));
        EXPECT_EQ(in_fragments, (std::vector<bool>{false, true, false, true})) << host;
        EXPECT_TRUE(end.read().empty());
        EXPECT_TRUE(end.link->in_fragments().empty());
      }
    }
  });
}

TEST_F(UdpTrainsTest, sends_equal_datagrams_as_trains_and_takes_trains_apart) {
  in_own_network([] {
    add_to_loopback("fd00::1", 128);
    for (const char* host : {"127.0.0.1", "fd00::1"}) {
      UdpEnd one(any(Stack::dual)), other(any(Stack::dual));
      const ports::LinkAddress to{at(host, other.link->local().port), {}, 0};
      const auto texts = numbered(100, 1400, 33);
      send_all(one, texts, to);
      EXPECT_EQ(texts_of(other, texts.size()), texts) << host;
      EXPECT_EQ(one.link->traffic().packets_written, 100u);
      EXPECT_EQ(one.link->traffic().writes, 3u);  // 44, 44, 12
      EXPECT_TRUE(one.link->offloads().gro);
      EXPECT_TRUE(one.link->offloads().gso);
      EXPECT_EQ(one.link->offloads().why, "");
    }
  });
}

// A lane that slept then would not wake up for them.
TEST_F(UdpTrainsTest, tells_that_the_rest_of_a_train_is_still_to_be_read) {
  in_own_network([] {
    UdpEnd one(any(Stack::v4)), other(any(Stack::v4));
    const ports::LinkAddress to{at("127.0.0.1", other.link->local().port), {}, 0};
    send_all(one, numbered(5, 1400, 1400), to);
    ASSERT_EQ(one.link->traffic().writes, 1u);
    std::vector<Packet> two(other.pool.packets().begin(), other.pool.packets().begin() + 2);
    EXPECT_EQ(other.link->read(two, other.from, plane::front_room), 2u);
    EXPECT_TRUE(other.link->holds_packets());
    EXPECT_EQ(other.read().size(), 3u);
    EXPECT_FALSE(other.link->holds_packets());
  });
}

TEST_F(UdpTrainsTest, ends_a_train_where_size_or_receiver_changes) {
  in_own_network([] {
    UdpEnd one(any(Stack::v4)), other(any(Stack::v4)), third(any(Stack::v4));
    const ports::LinkAddress to_other{at("127.0.0.1", other.link->local().port), {}, 0};
    const ports::LinkAddress to_third{at("127.0.0.1", third.link->local().port), {}, 0};
    one.send({{"aaaa", to_other},
              {"bbbb", to_other},
              {"cc", to_other},
              {"dddd", to_other},
              {"eeee", to_third},
              {"ffffff", to_other},
              {"gggggg", to_other}});
    EXPECT_EQ(texts_of(other, 6),
              (std::vector<std::string>{"aaaa", "bbbb", "cc", "dddd", "ffffff", "gggggg"}));
    EXPECT_EQ(texts_of(third, 1), (std::vector<std::string>{"eeee"}));
    EXPECT_EQ(one.link->traffic().writes, 4u);
  });
}

TEST_F(UdpTrainsTest, without_trains_sends_and_takes_one_by_one) {
  in_own_network([] {
    UdpSettings plain = any(Stack::v4);
    plain.trains = false;
    UdpEnd one(plain), other(any(Stack::v4));
    const auto texts = numbered(70, 900, 900);
    send_all(one, texts, {at("127.0.0.1", other.link->local().port), {}, 0});
    EXPECT_EQ(texts_of(other, texts.size()), texts);
    send_all(other, texts, {at("127.0.0.1", one.link->local().port), {}, 0});
    EXPECT_EQ(texts_of(one, texts.size()), texts);
    EXPECT_EQ(one.link->traffic().writes, texts.size());
    EXPECT_FALSE(one.link->offloads().gro);
    EXPECT_FALSE(one.link->offloads().gso);
    EXPECT_EQ(one.link->offloads().why, "udp-offload off");
  });
}

TEST_F(UdpTrainsTest, loses_nothing_when_the_kernel_refuses_trains) {
  in_own_network([] {
    UdpEnd one(any(Stack::v4)), other(any(Stack::v4));
    // Without checksums the kernel cuts nothing (EINVAL).
    const int on = 1;
    ASSERT_EQ(setsockopt(one.link->fd(), SOL_SOCKET, SO_NO_CHECK, &on, sizeof on), 0);
    const auto texts = numbered(100, 500, 80);
    const ports::LinkAddress to{at("127.0.0.1", other.link->local().port), {}, 0};
    send_all(one, texts, to);
    EXPECT_EQ(texts_of(other, texts.size()), texts);
    EXPECT_EQ(one.drops.by_reason, DropCounters{}.by_reason);
    EXPECT_FALSE(one.link->offloads().gso);
    EXPECT_EQ(one.link->offloads().why, "the kernel or a device refuses trains: Invalid argument");
    send_all(one, texts, to);
    EXPECT_EQ(texts_of(other, texts.size()), texts);
  });
}

TEST_F(UdpTrainsTest, a_receiver_that_gets_no_single_datagram_either_says_nothing_of_trains) {
  in_own_network([] {
    UdpEnd one(any(Stack::v4)), other(any(Stack::v4));
    send_all(one, numbered(20, 500, 500), {at("127.0.0.1", 0), {}, 0});  // EINVAL
    EXPECT_EQ(one.drops.of(Drop::link_error), 20u);
    EXPECT_TRUE(one.link->offloads().gso);
    const auto before = one.link->traffic().writes;
    const auto texts = numbered(40, 500, 80);
    send_all(one, texts, {at("127.0.0.1", other.link->local().port), {}, 0});
    EXPECT_EQ(texts_of(other, texts.size()), texts);
    EXPECT_EQ(one.link->traffic().writes, before + 1) << "as one train";
  });
}

TEST_F(UdpTrainsTest, a_train_that_is_too_large_says_nothing_of_others) {
  in_own_network([] {
    ASSERT_TRUE(Netlink::open().value()->configure_link("lo", 1280, {}));
    UdpSettings settings = any(Stack::v4);
    settings.mtu_discovery = UdpSettings::MtuDiscovery::probe;
    for (const bool old : {false, true}) {
      as_an_old_kernel = old;
      UdpEnd one(settings), other(settings);
      const ports::LinkAddress to{at("127.0.0.1", other.link->local().port), {}, 0};
      send_all(one, numbered(60, 1400, 1400), to);
      EXPECT_EQ(one.drops.of(Drop::too_big), 60u);
      EXPECT_TRUE(one.link->offloads().gso) << old;
      const auto texts = numbered(60, 1000, 100);
      send_all(one, texts, to);
      EXPECT_EQ(texts_of(other, texts.size()), texts);
      EXPECT_LT(one.link->traffic().writes, 60u + 10u) << "as trains";
    }
    as_an_old_kernel = false;
  });
}

// Of every IPv4 packet that passes the loopback device from now on.
struct FragmentFlags {
  FragmentFlags() : fd(socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, htons(ETH_P_IP))) {
    EXPECT_TRUE(fd);
  }
  // How many there were, and how many of them forbid fragments.
  std::pair<int, int> count() const {
    std::pair<int, int> all{};
    std::array<std::uint8_t, 8> head;
    while (recv(fd.get(), head.data(), head.size(), MSG_DONTWAIT | MSG_TRUNC) > 0) {
      ++all.first;
      all.second += (head[6] & 0x40) != 0 ? 1 : 0;
    }
    return all;
  }
  Fd fd;
};

TEST_F(UdpTrainsTest, trains_forbid_fragments_as_their_datagrams_would) {
  in_own_network([] {
    using Discovery = UdpSettings::MtuDiscovery;
    ASSERT_TRUE(Netlink::open().value()->configure_link("lo", 1500, {}));
    for (const Discovery discovery :
         {Discovery::system, Discovery::maybe, Discovery::yes, Discovery::probe, Discovery::no}) {
      UdpSettings settings = any(Stack::v4);
      settings.mtu_discovery = discovery;
      UdpEnd one(settings), other(any(Stack::v4));
      const FragmentFlags flags;
      const auto texts = numbered(60, 1300, 100);
      send_all(one, texts, {at("127.0.0.1", other.link->local().port), {}, 0});
      EXPECT_EQ(texts_of(other, texts.size()), texts);
      const auto [packets, forbidding] = flags.count();
      EXPECT_GT(packets, 0);
      EXPECT_EQ(forbidding, discovery == Discovery::no ? 0 : packets);
    }
  });
}

TEST_F(UdpTrainsTest, cuts_what_is_too_large_unless_that_is_forbidden) {
  in_own_network([] {
    ASSERT_TRUE(Netlink::open().value()->configure_link("lo", 1280, {}));
    for (const Stack stack : {Stack::v4, Stack::dual}) {
      UdpEnd one(any(stack)), other(any(Stack::v4));
      const auto texts = numbered(60, 1400, 1400);
      send_all(one, texts, {at("127.0.0.1", other.link->local().port), {}, 0});
      EXPECT_EQ(texts_of(other, texts.size()), texts);
      EXPECT_EQ(one.drops.by_reason, DropCounters{}.by_reason);
    }
  });
}

TEST_F(UdpTrainsTest, cuts_into_fragments_what_is_too_big_for_a_train) {
  in_own_network([] {
    ASSERT_TRUE(Netlink::open().value()->configure_link("lo", 1280, {}));
    UdpSettings settings = any(Stack::v4);
    settings.mtu_discovery = UdpSettings::MtuDiscovery::no;
    UdpEnd one(settings), other(settings);
    const ports::LinkAddress to{at("127.0.0.1", other.link->local().port), {}, 0};
    for (const std::size_t size : {1400u, 1200u}) {
      const auto texts = numbered(60, size, 100);
      send_all(one, texts, to);
      EXPECT_EQ(texts_of(other, texts.size()), texts) << size;
    }
    EXPECT_EQ(one.drops.by_reason, DropCounters{}.by_reason);
    EXPECT_TRUE(one.link->offloads().gso);
  });
}

}  // namespace
}  // namespace adit::system
