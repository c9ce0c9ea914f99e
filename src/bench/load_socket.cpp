#include "bench/load_socket.h"

#include <array>
#include <cerrno>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "system/kernel_error.h"
#include "system/socket_address.h"
#include "system/socket_options.h"

namespace adit::bench {

namespace {

constexpr std::size_t largest_datagram = 4096;
constexpr std::size_t most_waiting_bytes = 65536;

tl::unexpected<Error> lost(int error) { return fail("{}", system::reason(error)); }
bool later(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }

}  // namespace

LoadSocket::LoadSocket(system::Fd socket, bool tcp) : socket_(std::move(socket)), connected_(!tcp) {
  if (tcp) deframer_.emplace(2 * largest_datagram, largest_datagram);
}

Result<LoadSocket> LoadSocket::open(const ip::Endpoint& server, bool tcp) {
  const auto stack =
      server.address.family() == ip::Family::v4 ? system::Stack::v4 : system::Stack::v6_only;
  auto socket = system::open_socket(tcp ? SOCK_STREAM : SOCK_DGRAM, stack);
  if (!socket) return fail_with(socket.error());
  const auto address = system::to_socket_address(server, system::socket_family(stack));
  if (!address) return fail("the server's address does not fit the socket");
  if (tcp) {
    constexpr int on = 1;
    static_cast<void>(setsockopt(socket->get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on));
  }
  if (connect(socket->get(), address->raw(), address->size) != 0 && errno != EINPROGRESS) {
    return lost(errno);
  }
  return LoadSocket(std::move(*socket), tcp);
}

Status LoadSocket::go_on() {
  if (!connected_) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(fd(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) return lost(error);
    connected_ = true;
  }
  return write_waiting();
}

Status LoadSocket::send(Bytes datagram) {
  if (!deframer_) {
    if (::send(fd(), datagram.data(), datagram.size(), MSG_NOSIGNAL) >= 0) return {};
    const bool harmless = later(errno) || errno == ENOBUFS || errno == EMSGSIZE;
    return harmless ? Status{} : Status(lost(errno));
  }
  if (waiting_.size() > most_waiting_bytes) return fail("the server takes nothing any more");
  const std::size_t at = waiting_.size();
  waiting_.resize(at + wire::tcp_length_bytes);
  store_u16(waiting_.data() + at, static_cast<std::uint16_t>(datagram.size()));
  waiting_.insert(waiting_.end(), datagram.begin(), datagram.end());
  return connected_ ? write_waiting() : Status{};
}

Status LoadSocket::write_waiting() {
  while (!waiting_.empty()) {
    const ssize_t count = ::send(fd(), waiting_.data(), waiting_.size(), MSG_NOSIGNAL);
    if (count < 0) return later(errno) ? Status{} : Status(lost(errno));
    waiting_.erase(waiting_.begin(), waiting_.begin() + count);
  }
  waiting_.shrink_to_fit();
  return {};
}

Status LoadSocket::receive(const Take& take) {
  return deframer_ ? receive_stream(take) : receive_datagrams(take);
}

Status LoadSocket::receive_datagrams(const Take& take) {
  std::array<std::uint8_t, largest_datagram> room;
  for (;;) {
    const ssize_t count = recv(fd(), room.data(), room.size(), 0);
    if (count < 0) return later(errno) ? Status{} : Status(lost(errno));
    take(MutableBytes(room).first(static_cast<std::size_t>(count)));
  }
}

Status LoadSocket::receive_stream(const Take& take) {
  for (;;) {
    const MutableBytes room = deframer_->room();
    const ssize_t count = recv(fd(), room.data(), room.size(), 0);
    if (count == 0) return fail("the server closed the connection");
    if (count < 0) return later(errno) ? Status{} : Status(lost(errno));
    deframer_->filled(static_cast<std::size_t>(count));
    while (const auto packet = deframer_->next()) take(*packet);
    if (deframer_->broken()) return fail("the server sent what is no OpenVPN stream");
  }
}

}  // namespace adit::bench
