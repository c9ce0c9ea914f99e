#pragma once

// A TCP link as its peers see it: plain sockets that connect to it, and the bytes they exchange.

#include <array>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include "system/socket_address.h"
#include "system/tcp_connect.h"
#include "system/tcp_link.h"
#include "tests/unit/system/addresses.h"
#include "tests/unit/system/sandbox.h"

namespace adit::system {

inline std::string framed(std::string_view packet) {
  std::string frame{static_cast<char>(packet.size() >> 8), static_cast<char>(packet.size() & 0xFF)};
  return frame.append(packet);
}

struct Received {
  std::string text;
  ports::LinkAddress from;
};

// A link, the loop it listens on, and plain sockets that connect to it. Both lanes are the test.
struct TcpPeers {
  explicit TcpPeers(const TcpLinkSettings& settings = {}, Stack stack = Stack::v4)
      : loop(make_loop()), pool(settings.largest_packet) {
    link = TcpLink::create(settings).value();
    auto opened = TcpListener::open(
        *loop, {.stack = stack, .local = {}, .local_port = 0, .local_scope_id = 0, .socket = {}},
        [this](Result<Fd> socket) { take(std::move(socket)); });
    EXPECT_TRUE(opened) << opened.error().text();
    listener = std::move(*opened);
  }
  void take(Result<Fd> socket) {
    ASSERT_TRUE(socket) << socket.error().text();
    const auto number = link->adopt(std::move(*socket));
    if (number) {
      numbers.push_back(*number);
    } else {
      refusals.push_back(number.error().what);
    }
  }
  // A connected plain socket; its stream is the newest number.
  Fd connect(const char* address = "127.0.0.1", int family = AF_INET, int receive_buffer = 0) {
    Fd fd(socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (receive_buffer > 0) {
      setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    }
    const auto to = to_socket_address(at(address, listener->local().port), family);
    EXPECT_EQ(::connect(fd.get(), to->raw(), to->size), 0);
    const std::size_t before = numbers.size() + refusals.size();
    EXPECT_TRUE(run_until(*loop, [&] { return numbers.size() + refusals.size() > before; }));
    return fd;
  }
  std::vector<Received> read() {
    std::vector<Received> all;
    const std::size_t count = link->read(pool.packets(), from, plane::front_room);
    for (std::size_t i = 0; i < count; ++i) {
      EXPECT_EQ(pool[i].front_room(), plane::front_room);
      all.push_back({text_of(pool[i]), from[i]});
    }
    return all;
  }
  std::vector<std::string> read_texts(std::size_t count) {
    std::vector<std::string> texts;
    eventually([&] {
      for (const Received& got : read()) texts.push_back(got.text);
      return texts.size() >= count;
    });
    return texts;
  }
  std::vector<std::uint32_t> closed() {
    std::array<ports::LinkAddress, 200> ended;
    const std::size_t count = link->take_closed(ended);
    std::vector<std::uint32_t> all;
    for (std::size_t i = 0; i < count; ++i) all.push_back(ended[i].stream);
    return all;
  }
  void send(const std::vector<std::string>& texts, std::uint32_t stream) {
    ports::LinkAddress to;
    to.stream = stream;
    std::vector<ports::OutgoingPacket> packets;
    for (const auto& text : texts) packets.push_back(outgoing.make(text, to));
    link->write(packets, drops);
  }

  std::unique_ptr<Loop> loop;
  std::unique_ptr<TcpLink> link;
  std::unique_ptr<TcpListener> listener;
  std::vector<std::uint32_t> numbers;
  std::vector<std::string> refusals;
  plane::PacketPool pool;
  std::vector<ports::LinkAddress> from{plane::batch_packets};
  OutgoingPackets outgoing;
  DropCounters drops;
};

inline void put(const Fd& fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::send(fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    ASSERT_GT(count, 0);
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

// So many bytes, or fewer when the connection ended or nothing came for a while.
inline std::string take(const Fd& fd, std::size_t size, int wait_ms = 5000) {
  std::string bytes(size, '\0');
  std::size_t filled = 0;
  while (filled < size) {
    pollfd wait{fd.get(), POLLIN, 0};
    if (poll(&wait, 1, wait_ms) != 1) break;
    const ssize_t count = recv(fd.get(), bytes.data() + filled, size - filled, 0);
    if (count <= 0) break;
    filled += static_cast<std::size_t>(count);
  }
  bytes.resize(filled);
  return bytes;
}

}  // namespace adit::system
