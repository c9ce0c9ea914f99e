#pragma once

// Both ends of UDP as tests see them: plain sockets, and links with what their readers need.

#include <poll.h>
#include <sys/socket.h>

#include "system/netlink.h"
#include "system/socket_address.h"
#include "system/udp_link.h"
#include "tests/unit/system/addresses.h"
#include "tests/unit/system/sandbox.h"

namespace adit::system {

// A plain socket of the other side.
struct UdpPeer {
  explicit UdpPeer(const ip::Endpoint& own) {
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

struct ReceivedText {
  std::string text;
  ports::LinkAddress from;
};

// A link with what its reader needs.
struct UdpEnd {
  explicit UdpEnd(const UdpSettings& settings, std::size_t largest = 2048) : pool(largest) {
    auto opened = UdpLink::open(settings);
    EXPECT_TRUE(opened) << opened.error().text();
    link = std::move(*opened);
  }
  std::vector<ReceivedText> read() {
    std::vector<ReceivedText> all;
    landed.assign(pool.packets().begin(), pool.packets().end());
    const std::size_t count = link->read(landed, from, plane::front_room);
    for (std::size_t i = 0; i < count; ++i) {
      EXPECT_EQ(landed[i].back_room(), 0u);  // what is behind it belongs to the next one
      all.push_back({text_of(landed[i]), from[i]});
    }
    return all;
  }
  // The next datagram.
  ReceivedText receive() {
    pollfd wait{link->fd(), POLLIN, 0};
    poll(&wait, 1, 5000);
    const auto all = read();
    EXPECT_EQ(all.size(), 1u);
    return all.empty() ? ReceivedText{} : all.front();
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

inline UdpSettings any(Stack stack) {
  UdpSettings settings;
  settings.stack = stack;
  settings.local_port = 0;
  return settings;
}

// An IPv6 address is good for sending a moment after it was added.
inline bool usable(const ip::Endpoint& own) {
  const int family = own.address.is_v4() ? AF_INET : AF_INET6;
  const Fd fd(socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const auto raw = to_socket_address(own, family);
  return bind(fd.get(), raw->raw(), raw->size) == 0;
}

inline void add_to_loopback(std::string_view address, int length) {
  const Status added = Netlink::open().value()->add_address(
      "lo", {addr(address), static_cast<std::uint8_t>(length), {}, {}});
  ASSERT_TRUE(added) << added.error().text();
  ip::Endpoint own = at(address, 0);
  if (own.address.is_v6() && own.address.is_link_local()) own.scope_id = 1;
  ASSERT_TRUE(eventually([&] { return usable(own); }));
}

// Texts of one size, told apart by their first bytes; the last may be shorter.
inline std::vector<std::string> numbered(std::size_t count, std::size_t size, std::size_t last) {
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < count; ++i) {
    std::string text = std::to_string(i) + ' ';
    text.resize(i + 1 == count ? last : size, 'x');
    texts.push_back(text);
  }
  return texts;
}

inline void send_all(UdpEnd& end, const std::vector<std::string>& texts,
                     const ports::LinkAddress& to) {
  std::vector<std::pair<std::string, ports::LinkAddress>> messages;
  for (const std::string& text : texts) messages.emplace_back(text, to);
  end.send(messages);
}

inline std::vector<std::string> texts_of(UdpEnd& end, std::size_t count) {
  std::vector<std::string> texts;
  EXPECT_TRUE(eventually([&] {
    for (ReceivedText& got : end.read()) texts.push_back(std::move(got.text));
    return texts.size() >= count;
  }));
  return texts;
}

}  // namespace adit::system
