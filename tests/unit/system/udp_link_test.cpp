#include "system/udp_link.h"

#include <algorithm>
#include <linux/if_ether.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include "system/lane_thread.h"
#include "system/netlink.h"
#include "system/socket_address.h"
#include "tests/unit/system/sandbox.h"

namespace adit::system {
namespace {

class UdpTest : public NetworkTest {};

ip::Address addr(std::string_view text) { return ip::Address::parse(text).value(); }
ip::Endpoint at(std::string_view address, unsigned port) {
  return {addr(address), static_cast<std::uint16_t>(port), 0};
}

// A plain socket of the other side.
struct Peer {
  explicit Peer(const ip::Endpoint& own) {
    const int family = own.address.is_v4() ? AF_INET : AF_INET6;
    fd = Fd(socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const auto raw = to_socket_address(own, family);
    EXPECT_EQ(bind(fd.get(), raw->raw(), raw->size), 0);
    endpoint = local_endpoint(fd.get());
  }
  void send(std::string_view text, const ip::Endpoint& to) {
    const auto raw = to_socket_address(to, endpoint.address.is_v4() ? AF_INET : AF_INET6);
    EXPECT_EQ(sendto(fd.get(), text.data(), text.size(), 0, raw->raw(), raw->size),
              static_cast<ssize_t>(text.size()));
  }
  // The text and whom it came from; empty after a while without one.
  std::pair<std::string, ip::Endpoint> receive(int wait_ms = 5000) {
    pollfd wait{fd.get(), POLLIN, 0};
    if (poll(&wait, 1, wait_ms) != 1) return {};
    char room[65536];
    SocketAddress from;
    const ssize_t count = recvfrom(fd.get(), room, sizeof room, 0, from.raw(), &from.size);
    return {std::string(room, static_cast<std::size_t>(count)), to_endpoint(from)};
  }
  Fd fd;
  ip::Endpoint endpoint;
};

struct Received {
  std::string text;
  ports::LinkAddress from;
};

// A link with what its reader needs.
struct End {
  explicit End(const UdpSettings& settings, std::size_t largest = 2048) : pool(largest) {
    auto opened = UdpLink::open(settings);
    EXPECT_TRUE(opened) << opened.error().text();
    link = std::move(*opened);
  }
  std::vector<Received> read() {
    std::vector<Received> all;
    landed.assign(pool.packets().begin(), pool.packets().end());
    const std::size_t count = link->read(landed, from, plane::front_room);
    for (std::size_t i = 0; i < count; ++i) {
      EXPECT_EQ(landed[i].back_room(), 0u);  // what is behind it belongs to the next one
      all.push_back({text_of(landed[i]), from[i]});
    }
    return all;
  }
  // The next datagram.
  Received receive() {
    pollfd wait{link->fd(), POLLIN, 0};
    poll(&wait, 1, 5000);
    const auto all = read();
    EXPECT_EQ(all.size(), 1u);
    return all.empty() ? Received{} : all.front();
  }
  void send(const std::vector<std::pair<std::string, ports::LinkAddress>>& messages) {
    std::vector<ports::OutgoingPacket> packets;
    for (const auto& [text, to] : messages) packets.push_back(outgoing.make(text, to));
    link->write(packets, drops);
  }

  std::unique_ptr<UdpLink> link;
  plane::PacketPool pool;
  std::vector<Packet> landed;
  std::vector<ports::LinkAddress> from{plane::batch_packets};
  OutgoingPackets outgoing;
  DropCounters drops;
};

UdpSettings any(Stack stack) {
  UdpSettings settings;
  settings.stack = stack;
  settings.local_port = 0;
  return settings;
}

// An IPv6 address is good for sending a moment after it was added.
bool usable(const ip::Endpoint& own) {
  const int family = own.address.is_v4() ? AF_INET : AF_INET6;
  const Fd fd(socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const auto raw = to_socket_address(own, family);
  return bind(fd.get(), raw->raw(), raw->size) == 0;
}

void add_to_loopback(std::string_view address, int length) {
  const Status added = Netlink::open().value()->add_address(
      "lo", {addr(address), static_cast<std::uint8_t>(length), {}, {}});
  ASSERT_TRUE(added) << added.error().text();
  ip::Endpoint own = at(address, 0);
  if (own.address.is_v6() && own.address.is_link_local()) own.scope_id = 1;
  ASSERT_TRUE(eventually([&] { return usable(own); }));
}

TEST_F(UdpTest, answers_from_the_address_that_was_asked) {
  in_own_network([] {
    End end(any(Stack::v4));
    const std::uint16_t port = end.link->local().port;
    Peer peer(at("127.0.0.1", 0));
    for (const char* asked : {"127.0.0.1", "127.0.0.2", "127.9.8.7"}) {
      peer.send("question", at(asked, port));
      const Received got = end.receive();
      EXPECT_EQ(got.text, "question");
      EXPECT_EQ(got.from.remote, peer.endpoint);
      EXPECT_EQ(got.from.local, addr(asked));
      end.send({{"answer", got.from}});
      EXPECT_EQ(peer.receive(), (std::pair<std::string, ip::Endpoint>("answer", at(asked, port))));
    }
  });
}

TEST_F(UdpTest, answers_from_the_ipv6_address_that_was_asked) {
  in_own_network([] {
    add_to_loopback("fd00::1", 128);
    add_to_loopback("fd00::2", 128);
    for (const Stack stack : {Stack::v6_only, Stack::dual}) {
      End end(any(stack));
      const std::uint16_t port = end.link->local().port;
      Peer peer(at("fd00::1", 0));
      for (const char* asked : {"::1", "fd00::1", "fd00::2"}) {
        peer.send("question", at(asked, port));
        const Received got = end.receive();
        EXPECT_EQ(got.from.remote, peer.endpoint);
        EXPECT_EQ(got.from.local, addr(asked));
        end.send({{"answer", got.from}});
        EXPECT_EQ(peer.receive().second, at(asked, port));
      }
    }
  });
}

TEST_F(UdpTest, speaks_ipv4_on_a_dual_socket_as_if_it_were_plain) {
  in_own_network([] {
    End end(any(Stack::dual));
    const std::uint16_t port = end.link->local().port;
    Peer peer(at("127.0.0.1", 0));
    peer.send("question", at("127.0.0.5", port));
    const Received got = end.receive();
    EXPECT_EQ(got.from.remote, peer.endpoint);
    EXPECT_TRUE(got.from.remote.address.is_v4());
    EXPECT_EQ(got.from.local, addr("127.0.0.5"));
    end.send({{"answer", got.from}});
    EXPECT_EQ(peer.receive().second, at("127.0.0.5", port));
    // Without a source routing chooses one.
    end.send({{"unasked", {peer.endpoint, {}, 0}}});
    EXPECT_EQ(peer.receive().second, at("127.0.0.1", port));
  });
}

TEST_F(UdpTest, leaves_ipv4_alone_when_told_ipv6_only) {
  in_own_network([] {
    End end(any(Stack::v6_only));
    Peer peer(at("127.0.0.1", end.link->local().port));  // the port is free for IPv4
    end.send({{"lost", {peer.endpoint, {}, 0}}});
    EXPECT_EQ(end.drops.of(Drop::link_error), 1u);
  });
}

TEST_F(UdpTest, keeps_the_scope_of_link_local_addresses) {
  in_own_network([] {
    add_to_loopback("fe80::1", 64);
    End end(any(Stack::dual));
    ip::Endpoint own = at("fe80::1", 0);
    own.scope_id = 1;
    Peer peer(own);
    ip::Endpoint to = at("fe80::1", end.link->local().port);
    to.scope_id = 1;
    peer.send("question", to);
    const Received got = end.receive();
    EXPECT_EQ(got.from.remote.scope_id, 1u);
    EXPECT_EQ(got.from.remote, peer.endpoint);
    end.send({{"answer", got.from}});
    EXPECT_EQ(peer.receive().first, "answer");
  });
}

TEST_F(UdpTest, bound_to_one_address_needs_no_source) {
  in_own_network([] {
    UdpSettings settings = any(Stack::v4);
    settings.local = addr("127.0.0.3");
    End end(settings);
    Peer peer(at("127.0.0.1", 0));
    peer.send("question", end.link->local());
    const Received got = end.receive();
    EXPECT_EQ(got.from.local, addr("127.0.0.3"));
    end.send({{"answer", got.from}});
    EXPECT_EQ(peer.receive().second, end.link->local());
  });
}

TEST_F(UdpTest, without_binding_gets_a_port_with_its_first_datagram) {
  in_own_network([] {
    UdpSettings settings = any(Stack::v4);
    settings.bind = false;
    settings.local_port = 1194;
    End end(settings);
    EXPECT_EQ(end.link->local().port, 0);
    Peer peer(at("127.0.0.1", 0));
    end.send({{"hello", {peer.endpoint, {}, 0}}});
    EXPECT_EQ(peer.receive().second, at("127.0.0.1", end.link->local().port));
    EXPECT_NE(end.link->local().port, 0);
    EXPECT_NE(end.link->local().port, 1194);
    peer.send("answer", at("127.0.0.1", end.link->local().port));
    const Received got = end.receive();
    EXPECT_EQ(got.from.local, ip::Address());  // it may change as the host roams
  });
}

TEST_F(UdpTest, sends_on_when_the_address_it_was_asked_at_is_gone) {
  in_own_network([] {
    add_to_loopback("10.1.1.1", 32);
    End end(any(Stack::v4));
    Peer peer(at("127.0.0.1", 0));
    peer.send("question", at("10.1.1.1", end.link->local().port));
    const Received got = end.receive();
    ASSERT_EQ(got.from.local, addr("10.1.1.1"));
    ASSERT_TRUE(Netlink::open().value()->remove_address("lo", {addr("10.1.1.1"), 32, {}, {}}));
    end.send({{"answer", got.from}});
    EXPECT_EQ(peer.receive().first, "answer");
    EXPECT_EQ(end.drops.by_reason, DropCounters{}.by_reason);
  });
}

TEST_F(UdpTest, moves_batches_of_many_packets_in_order) {
  in_own_network([] {
    End one(any(Stack::v4)), other(any(Stack::v4));
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

TEST_F(UdpTest, writes_more_than_one_batch_in_a_call) {
  in_own_network([] {
    End one(any(Stack::v4)), other(any(Stack::v4));
    const ports::LinkAddress to{at("127.0.0.1", other.link->local().port), {}, 0};
    std::vector<ports::OutgoingPacket> packets;
    const ports::OutgoingPacket packet = one.outgoing.make("again", to);
    for (int i = 0; i < 150; ++i) packets.push_back(packet);
    one.link->write(packets, one.drops);
    std::size_t seen = 0;
    EXPECT_TRUE(eventually([&] { return (seen += other.read().size()) == 150; }));
  });
}

TEST_F(UdpTest, goes_on_behind_a_packet_the_kernel_refuses) {
  in_own_network([] {
    UdpSettings settings = any(Stack::v4);
    settings.mtu_discovery = UdpSettings::MtuDiscovery::yes;
    End end(settings, 65000);
    Peer peer(at("127.0.0.1", 0));
    const ports::LinkAddress good{peer.endpoint, {}, 0};
    const ports::LinkAddress nowhere{at("192.0.2.1", 9), {}, 0};
    const ports::LinkAddress foreign{at("2001:db8::1", 9), {}, 0};
    const ports::LinkAddress broadcast{at("255.255.255.255", 9), {}, 0};
    end.send({{"one", good},
              {"x", nowhere},
              {"two", good},
              {"x", foreign},
              {"x", broadcast},
              {"three", good},
              {"x", nowhere}});
    EXPECT_EQ(peer.receive().first, "one");
    EXPECT_EQ(peer.receive().first, "two");
    EXPECT_EQ(peer.receive().first, "three");
    EXPECT_EQ(end.drops.of(Drop::link_error), 4u);
  });
}

TEST_F(UdpTest, goes_on_behind_a_packet_that_is_too_big_for_the_path) {
  in_own_network([] {
    const auto netlink = Netlink::open().value();
    ASSERT_TRUE(netlink->configure_link("lo", 1280, {}));
    UdpSettings settings = any(Stack::v4);
    settings.mtu_discovery = UdpSettings::MtuDiscovery::yes;
    End end(settings);
    Peer peer(at("127.0.0.1", 0));
    const ports::LinkAddress to{peer.endpoint, {}, 0};
    end.send({{"one", to}, {std::string(1400, 'x'), to}, {"two", to}});
    EXPECT_EQ(peer.receive().first, "one");
    EXPECT_EQ(peer.receive().first, "two");
    EXPECT_EQ(end.drops.of(Drop::too_big), 1u);
    // Without discovery it travels in fragments.
    settings.mtu_discovery = UdpSettings::MtuDiscovery::no;
    End relaxed(settings);
    relaxed.send({{std::string(1400, 'x'), to}});
    EXPECT_EQ(peer.receive().first.size(), 1400u);
  });
}

TEST_F(UdpTest, tells_which_datagrams_came_in_fragments) {
  in_own_network([] {
    add_to_loopback("fd00::1", 128);
    ASSERT_TRUE(Netlink::open().value()->configure_link("lo", 1280, {}));
    for (const Stack stack : {Stack::v4, Stack::dual}) {
      for (const char* host : {"127.0.0.1", "fd00::1"}) {
        if (stack == Stack::v4 && host == std::string_view("fd00::1")) continue;
        End end(any(stack));
        Peer peer(at(host, 0));
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

// Texts of one size, told apart by their first bytes; the last may be shorter.
std::vector<std::string> numbered(std::size_t count, std::size_t size, std::size_t last) {
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < count; ++i) {
    std::string text = std::to_string(i) + ' ';
    text.resize(i + 1 == count ? last : size, 'x');
    texts.push_back(text);
  }
  return texts;
}

void send_all(End& end, const std::vector<std::string>& texts, const ports::LinkAddress& to) {
  std::vector<std::pair<std::string, ports::LinkAddress>> messages;
  for (const std::string& text : texts) messages.emplace_back(text, to);
  end.send(messages);
}

std::vector<std::string> texts_of(End& end, std::size_t count) {
  std::vector<std::string> texts;
  EXPECT_TRUE(eventually([&] {
    for (Received& got : end.read()) texts.push_back(std::move(got.text));
    return texts.size() >= count;
  }));
  return texts;
}

TEST_F(UdpTest, sends_equal_datagrams_as_trains_and_takes_trains_apart) {
  in_own_network([] {
    add_to_loopback("fd00::1", 128);
    for (const char* host : {"127.0.0.1", "fd00::1"}) {
      End one(any(Stack::dual)), other(any(Stack::dual));
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

TEST_F(UdpTest, ends_a_train_where_size_or_receiver_changes) {
  in_own_network([] {
    End one(any(Stack::v4)), other(any(Stack::v4)), third(any(Stack::v4));
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

TEST_F(UdpTest, without_trains_sends_and_takes_one_by_one) {
  in_own_network([] {
    UdpSettings plain = any(Stack::v4);
    plain.trains = false;
    End one(plain), other(any(Stack::v4));
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

TEST_F(UdpTest, loses_nothing_when_the_kernel_refuses_trains) {
  in_own_network([] {
    End one(any(Stack::v4)), other(any(Stack::v4));
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

TEST_F(UdpTest, trains_forbid_fragments_as_their_datagrams_would) {
  in_own_network([] {
    using Discovery = UdpSettings::MtuDiscovery;
    ASSERT_TRUE(Netlink::open().value()->configure_link("lo", 1500, {}));
    for (const Discovery discovery :
         {Discovery::system, Discovery::maybe, Discovery::yes, Discovery::probe, Discovery::no}) {
      UdpSettings settings = any(Stack::v4);
      settings.mtu_discovery = discovery;
      End one(settings), other(any(Stack::v4));
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

TEST_F(UdpTest, cuts_what_is_too_large_unless_that_is_forbidden) {
  in_own_network([] {
    ASSERT_TRUE(Netlink::open().value()->configure_link("lo", 1280, {}));
    for (const Stack stack : {Stack::v4, Stack::dual}) {
      End one(any(stack)), other(any(Stack::v4));
      const auto texts = numbered(60, 1400, 1400);
      send_all(one, texts, {at("127.0.0.1", other.link->local().port), {}, 0});
      EXPECT_EQ(texts_of(other, texts.size()), texts);
      EXPECT_EQ(one.drops.by_reason, DropCounters{}.by_reason);
    }
  });
}

TEST_F(UdpTest, cuts_into_fragments_what_is_too_big_for_a_train) {
  in_own_network([] {
    ASSERT_TRUE(Netlink::open().value()->configure_link("lo", 1280, {}));
    UdpSettings settings = any(Stack::v4);
    settings.mtu_discovery = UdpSettings::MtuDiscovery::no;
    End one(settings), other(settings);
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

TEST_F(UdpTest, does_not_mind_a_peer_that_is_gone) {
  in_own_network([] {
    End end(any(Stack::v4));
    ip::Endpoint gone;
    {
      const Peer peer(at("127.0.0.1", 0));
      gone = peer.endpoint;
    }
    Peer alive(at("127.0.0.1", 0));
    for (int i = 0; i < 5; ++i) {
      end.send({{"to nobody", {gone, {}, 0}}, {"hello", {alive.endpoint, {}, 0}}});
      EXPECT_EQ(alive.receive().first, "hello");
      alive.send("back", at("127.0.0.1", end.link->local().port));
      EXPECT_EQ(end.receive().text, "back");
    }
  });
}

TEST_F(UdpTest, hands_on_what_the_kernel_says_of_sizes_and_nothing_else) {
  in_own_network([] {
    const auto netlink = Netlink::open().value();
    ASSERT_TRUE(netlink->configure_link("lo", 1400, {}));
    for (const Stack stack : {Stack::v4, Stack::dual}) {
      UdpSettings settings = any(stack);
      settings.mtu_discovery = UdpSettings::MtuDiscovery::probe;
      End end(settings);
      Peer peer(at("127.0.0.1", 0));
      const ports::LinkAddress there{peer.endpoint, {}, 0};
      const ports::LinkAddress nowhere{at("127.0.0.1", 9), {}, 0};
      end.send(
          {{std::string(1500, 'x'), there}, {"small", there}, {"lost", nowhere}, {"a", there}});
      EXPECT_EQ(peer.receive().first, "small");
      EXPECT_EQ(peer.receive().first, "a") << "not what the network said of others stops it";
      std::array<ports::TooLarge, 20> hints;
      std::size_t count = 0;
      EXPECT_TRUE(eventually([&] {
        EXPECT_TRUE(end.read().empty());
        count += end.link->take_too_large(std::span(hints).subspan(count));
        return count > 0;
      }));
      EXPECT_EQ(hints[0].to.address, addr("127.0.0.1"));
      EXPECT_EQ(hints[0].mtu, 1400u);
      EXPECT_TRUE(end.read().empty());
      pollfd wait{end.link->fd(), POLLIN, 0};
      EXPECT_EQ(poll(&wait, 1, 0), 0) << "nothing is left that would keep a lane awake";
    }
  });
}

TEST_F(UdpTest, keeps_a_bounded_number_of_hints) {
  in_own_network([] {
    ASSERT_TRUE(Netlink::open().value()->configure_link("lo", 1400, {}));
    UdpSettings settings = any(Stack::v4);
    settings.mtu_discovery = UdpSettings::MtuDiscovery::probe;
    End end(settings);
    for (int i = 0; i < 40; ++i) {
      end.send({{std::string(1500, 'x'), {at("127.0.0.1", 9), {}, 0}}});
    }
    EXPECT_TRUE(end.read().empty());
    std::array<ports::TooLarge, 100> hints;
    const std::size_t count = end.link->take_too_large(hints);
    EXPECT_GE(count, 1u);
    EXPECT_LE(count, 16u);
    EXPECT_EQ(end.link->take_too_large(hints), 0u);
  });
}

TEST_F(UdpTest, drops_datagrams_that_are_empty_or_do_not_fit_and_keeps_the_others) {
  in_own_network([] {
    End end(any(Stack::v4), 1000);
    Peer peer(at("127.0.0.1", 0));
    const ip::Endpoint to = at("127.0.0.1", end.link->local().port);
    peer.send("", to);
    peer.send("one", to);
    peer.send(std::string(1001, 'x'), to);
    peer.send(std::string(1000, 'y'), to);
    peer.send("", to);
    peer.send("two", to);
    const auto got = end.read();
    ASSERT_EQ(got.size(), 3u);
    EXPECT_EQ(got[0].text, "one");
    EXPECT_EQ(got[1].text, std::string(1000, 'y'));
    EXPECT_EQ(got[2].text, "two");
    EXPECT_EQ(end.link->traffic().refused.of(Drop::too_big), 1u);
    EXPECT_EQ(end.link->traffic().refused.of(Drop::malformed), 2u);
    // Nothing but bad ones: still nothing there.
    peer.send("", to);
    EXPECT_TRUE(end.read().empty());
    // The packets that changed places are all still good.
    for (int i = 0; i < 64; ++i) peer.send(std::to_string(i), to);
    EXPECT_EQ(end.read().size(), 64u);
  });
}

TEST_F(UdpTest, drops_what_the_socket_has_no_room_for_and_sends_on) {
  in_own_network([] {
    ASSERT_TRUE(Netlink::open().value()->configure_link("lo", 1500, {}));
    UdpSettings settings = any(Stack::v4);
    settings.socket.send_buffer = 5000;
    End end(settings);
    end.outgoing = OutgoingPackets(60000);
    Peer peer(at("127.0.0.1", 0));
    const ports::LinkAddress to{peer.endpoint, {}, 0};
    end.send({{std::string(60000, 'x'), to}, {"small", to}});  // its fragments need more than that
    EXPECT_EQ(end.drops.of(Drop::queue_full), 1u);
    EXPECT_EQ(peer.receive().first, "small");
  });
}

TEST_F(UdpTest, says_who_has_the_port) {
  in_own_network([] {
    Peer peer(at("0.0.0.0", 1194));
    UdpSettings settings;
    const auto link = UdpLink::open(settings);
    ASSERT_FALSE(link);
    EXPECT_EQ(link.error().what,
              "cannot bind UDP port 1194 to any address: Address already in use");
    EXPECT_NE(link.error().advice.find("(pid " + std::to_string(getpid()) + ")"), std::string::npos)
        << link.error().advice;
  });
}

TEST_F(UdpTest, says_which_address_is_not_ours) {
  in_own_network([] {
    UdpSettings settings;
    settings.local = addr("192.0.2.77");
    const auto link = UdpLink::open(settings);
    ASSERT_FALSE(link);
    EXPECT_EQ(link.error().what,
              "cannot bind UDP port 1194 to 192.0.2.77: Cannot assign requested address");
    EXPECT_NE(link.error().advice.find("ip addr"), std::string::npos);
  });
}

TEST_F(UdpTest, refuses_a_device_that_is_not_there) {
  in_own_network([] {
    UdpSettings settings;
    settings.socket.device = "eth99";
    const auto link = UdpLink::open(settings);
    ASSERT_FALSE(link);
    EXPECT_EQ(link.error().what, "cannot bind a socket to the device eth99: No such device");
  });
}

TEST_F(UdpTest, sets_buffers_mark_and_device_as_asked) {
  in_own_network([] {
    UdpSettings settings = any(Stack::v4);
    EXPECT_GE(UdpLink::open(settings).value()->buffers().receive, 4 << 20);
    settings.socket.receive_buffer = 300000;
    settings.socket.send_buffer = 200000;
    settings.socket.mark = 42;
    settings.socket.device = "lo";
    const auto link = UdpLink::open(settings).value();
    EXPECT_EQ(link->buffers().receive, 600000);
    EXPECT_EQ(link->buffers().send, 400000);
    int mark = 0;
    socklen_t size = sizeof mark;
    EXPECT_EQ(getsockopt(link->fd(), SOL_SOCKET, SO_MARK, &mark, &size), 0);
    EXPECT_EQ(mark, 42);
    char device[32]{};
    size = sizeof device;
    EXPECT_EQ(getsockopt(link->fd(), SOL_SOCKET, SO_BINDTODEVICE, device, &size), 0);
    EXPECT_STREQ(device, "lo");
  });
}

TEST_F(UdpTest, reads_and_writes_at_once_from_two_lanes) {
  in_own_network([] {
    End near(any(Stack::v4)), far(any(Stack::v4));
    const ports::LinkAddress to_far{at("127.0.0.1", far.link->local().port), {}, 0};
    const auto near_bell = EventDoorbell::create().value(),
               far_bell = EventDoorbell::create().value(),
               up_bell = EventDoorbell::create().value();
    std::atomic<std::size_t> sent{0}, echoed{0}, back{0};
    constexpr std::size_t total = 20000;
    {
      auto echo = LaneThread::start({"echo",
                                     {far.link->fd()},
                                     [&](Instant, WallTime) {
                                       const std::size_t count = far.link->read(
                                           far.pool.packets(), far.from, plane::front_room);
                                       std::vector<ports::OutgoingPacket> answers;
                                       for (std::size_t i = 0; i < count; ++i) {
                                         answers.push_back({&far.pool[i], far.from[i]});
                                       }
                                       far.link->write(answers, far.drops);
                                       echoed += count;
                                       return count > 0;
                                     },
                                     *far_bell});
      auto down = LaneThread::start({"adit-down",
                                     {near.link->fd()},
                                     [&](Instant, WallTime) {
                                       const auto got = near.read();
                                       back += got.size();
                                       return !got.empty();
                                     },
                                     *near_bell});
      auto up = LaneThread::start({"adit-up",
                                   {},
                                   [&](Instant, WallTime) {
                                     // At most so many on the way that no buffer overflows.
                                     if (sent >= total || sent > back + 256) return sent < total;
                                     near.send({{"a", to_far}, {"b", to_far}, {"c", to_far}});
                                     sent += 3;
                                     return true;
                                   },
                                   *up_bell});
      EXPECT_TRUE(eventually([&] { return sent >= total && back == sent; }))
          << sent << " sent, " << echoed << " echoed, " << back << " back";
    }
    EXPECT_EQ(near.drops.by_reason, DropCounters{}.by_reason);
  });
}

}  // namespace
}  // namespace adit::system
