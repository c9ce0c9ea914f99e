#include "system/holders.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <gtest/gtest.h>

#include "system/fd.h"

namespace adit::system {
namespace {

// A socket on a port that the kernel chose.
struct Bound {
  explicit Bound(int type) : fd(socket(AF_INET, type, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* raw = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(bind(fd.get(), raw, size), 0);
    EXPECT_EQ(getsockname(fd.get(), raw, &size), 0);
    port = ntohs(address.sin_port);
  }
  Fd fd;
  unsigned port = 0;
};

TEST(PortHolders, a_bound_udp_socket_holds_its_port) {
  unsigned port = 0;
  {
    const Bound bound(SOCK_DGRAM);
    port = bound.port;
    EXPECT_TRUE(is_port_held(Transport::udp, port));
    EXPECT_TRUE(holder_of_port(Transport::udp, port));
  }
  EXPECT_FALSE(is_port_held(Transport::udp, port));
}

TEST(PortHolders, over_tcp_who_listens_holds_the_port) {
  const Bound bound(SOCK_STREAM);
  EXPECT_FALSE(is_port_held(Transport::tcp, bound.port));
  ASSERT_EQ(listen(bound.fd.get(), 1), 0);
  EXPECT_TRUE(is_port_held(Transport::tcp, bound.port));
  EXPECT_FALSE(is_port_held(Transport::udp, bound.port));
}

}  // namespace
}  // namespace adit::system
