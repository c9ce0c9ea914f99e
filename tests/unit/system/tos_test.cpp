// The TOS that outer packets are sent with, as their receiver sees it.

#include <cstring>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include "system/socket_address.h"
#include "system/udp_link.h"
#include "tests/unit/system/sandbox.h"

namespace adit::system {
namespace {

class TosTest : public NetworkTest {};

// A plain socket of the other side that is told the TOS of what comes.
struct Listener {
  explicit Listener(const char* address) : v6(ip::Address::parse(address)->is_v6()) {
    const int family = v6 ? AF_INET6 : AF_INET;
    fd = Fd(socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const auto raw = to_socket_address({*ip::Address::parse(address), 0, 0}, family);
    EXPECT_EQ(bind(fd.get(), raw->raw(), raw->size), 0);
    const int on = 1;
    EXPECT_EQ(setsockopt(fd.get(), v6 ? IPPROTO_IPV6 : IPPROTO_IP,
                         v6 ? IPV6_RECVTCLASS : IP_RECVTOS, &on, sizeof on),
              0);
    to.remote = local_endpoint(fd.get());
  }
  // Text and TOS of the next datagram.
  std::pair<std::string, int> receive() {
    pollfd wait{fd.get(), POLLIN, 0};
    if (poll(&wait, 1, 5000) != 1) return {};
    char text[2048];
    alignas(cmsghdr) unsigned char room[256];
    iovec piece{text, sizeof text};
    msghdr header{};
    header.msg_iov = &piece;
    header.msg_iovlen = 1;
    header.msg_control = room;
    header.msg_controllen = sizeof room;
    const ssize_t count = recvmsg(fd.get(), &header, 0);
    return {std::string(text, static_cast<std::size_t>(count)), tos_in(header)};
  }
  int tos_in(const msghdr& header) const {
    const cmsghdr* item = CMSG_FIRSTHDR(&header);
    if (item == nullptr || item->cmsg_type != (v6 ? IPV6_TCLASS : IP_TOS)) return -1;
    int value = 0;  // a byte for IPv4, an int for IPv6
    std::memcpy(&value, CMSG_DATA(item), v6 ? sizeof value : 1);
    return value;
  }
  bool v6;
  Fd fd;
  ports::LinkAddress to;
};

struct Text {
  std::string text;
  std::uint8_t tos;
};

void write(UdpLink& link, const std::vector<Text>& texts, const ports::LinkAddress& to) {
  OutgoingPackets outgoing;
  std::vector<ports::OutgoingPacket> packets;
  for (const auto& [text, tos] : texts) {
    packets.push_back(outgoing.make(text, to));
    packets.back().tos = tos;
  }
  DropCounters drops;
  link.write(packets, drops);
  EXPECT_EQ(drops.by_reason, DropCounters{}.by_reason);
}

std::unique_ptr<UdpLink> open_link(Stack stack) {
  UdpSettings settings;
  settings.stack = stack;
  settings.local_port = 0;
  return UdpLink::open(settings).value();
}

using Way = std::pair<Stack, const char*>;
constexpr Way ways[] = {{Stack::v4, "127.0.0.1"}, {Stack::dual, "127.0.0.1"}, {Stack::dual, "::1"}};

TEST_F(TosTest, of_each_datagram_is_its_own) {
  in_own_network([] {
    for (const auto& [stack, address] : ways) {
      const auto link = open_link(stack);
      Listener listener(address);
      const std::vector<Text> texts{{"aa", 0xB8}, {"bb", 0}, {"cc", 0x23}, {"dd", 0x68}};
      write(*link, texts, listener.to);
      for (const auto& [text, tos] : texts) {
        EXPECT_EQ(listener.receive(), (std::pair<std::string, int>(text, tos))) << address;
      }
    }
  });
}

TEST_F(TosTest, ends_a_train_where_it_changes) {
  in_own_network([] {
    for (const auto& [stack, address] : ways) {
      const auto link = open_link(stack);
      Listener listener(address);
      std::vector<Text> texts;
      for (int i = 0; i < 30; ++i) {
        const std::uint8_t tos = i < 10 ? 0xB8 : i < 20 ? 0 : 0x20;
        texts.push_back({"datagram " + std::to_string(100 + i), tos});
      }
      write(*link, texts, listener.to);
      EXPECT_EQ(link->traffic().writes, 3u) << address;
      EXPECT_TRUE(link->offloads().gso);
      for (const auto& [text, tos] : texts) {
        EXPECT_EQ(listener.receive(), (std::pair<std::string, int>(text, tos))) << address;
      }
    }
  });
}

TEST_F(TosTest, goes_beside_the_address_that_is_answered_from) {
  in_own_network([] {
    for (const Stack stack : {Stack::v4, Stack::dual}) {
      const auto link = open_link(stack);
      Listener listener("127.0.0.1");
      listener.to.local = *ip::Address::parse("127.0.0.5");
      write(*link, {{"together a", 0xB8}, {"together b", 0xB8}}, listener.to);
      EXPECT_EQ(listener.receive(), (std::pair<std::string, int>("together a", 0xB8)));
      EXPECT_EQ(listener.receive(), (std::pair<std::string, int>("together b", 0xB8)));
      // The address is gone: the second try is without it, and as before otherwise.
      listener.to.local = *ip::Address::parse("192.0.2.9");
      write(*link, {{"together c", 0x28}, {"together d", 0x28}}, listener.to);
      EXPECT_EQ(listener.receive(), (std::pair<std::string, int>("together c", 0x28)));
      EXPECT_EQ(listener.receive(), (std::pair<std::string, int>("together d", 0x28)));
    }
  });
}

}  // namespace
}  // namespace adit::system
