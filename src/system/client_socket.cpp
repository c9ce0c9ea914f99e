#include "system/client_socket.h"

#include <array>
#include <cerrno>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "system/kernel_error.h"
#include "system/socket_address.h"
#include "system/socket_options.h"

namespace adit::system {

namespace {

constexpr std::size_t largest_datagram = 4096;
constexpr std::size_t most_waiting_bytes = 65536;

tl::unexpected<Error> lost(int error) { return fail("{}", reason(error)); }
bool later(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }

}  // namespace

ClientSocket::ClientSocket(Fd socket, bool tcp) : socket_(std::move(socket)), connected_(!tcp) {
  if (tcp) deframer_.emplace(2 * largest_datagram, largest_datagram);
}

Result<ClientSocket> ClientSocket::open(const ip::Endpoint& server, bool tcp) {
  const auto stack = server.address.family() == ip::Family::v4 ? Stack::v4 : Stack::v6_only;
  auto socket = open_socket(tcp ? SOCK_STREAM : SOCK_DGRAM, stack);
  if (!socket) return fail_with(socket.error());
  const auto address = to_socket_address(server, socket_family(stack));
  if (!address) return fail("the server's address does not fit the socket");
  if (tcp) {
    constexpr int on = 1;
    static_cast<void>(setsockopt(socket->get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on));
  }
  if (connect(socket->get(), address->raw(), address->size) != 0 && errno != EINPROGRESS) {
    return lost(errno);
  }
  return ClientSocket(std::move(*socket), tcp);
}

void ClientSocket::never_fragment() {
  const int probe_v4 = IP_PMTUDISC_PROBE, probe_v6 = IPV6_PMTUDISC_PROBE;
  setsockopt(fd(), IPPROTO_IP, IP_MTU_DISCOVER, &probe_v4, sizeof probe_v4);
  setsockopt(fd(), IPPROTO_IPV6, IPV6_MTU_DISCOVER, &probe_v6, sizeof probe_v6);
}

Status ClientSocket::go_on() {
  if (!connected_) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(fd(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) return lost(error);
    connected_ = true;
  }
  return write_waiting();
}

Status ClientSocket::send(Bytes datagram) {
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

Status ClientSocket::write_waiting() {
  while (!waiting_.empty()) {
    const ssize_t count = ::send(fd(), waiting_.data(), waiting_.size(), MSG_NOSIGNAL);
    if (count < 0) return later(errno) ? Status{} : Status(lost(errno));
    waiting_.erase(waiting_.begin(), waiting_.begin() + count);
  }
  waiting_.shrink_to_fit();
  return {};
}

Status ClientSocket::receive(const Take& take) {
  return deframer_ ? receive_stream(take) : receive_datagrams(take);
}

Status ClientSocket::receive_datagrams(const Take& take) {
  std::array<std::uint8_t, largest_datagram> room;
  for (;;) {
    const ssize_t count = recv(fd(), room.data(), room.size(), 0);
    if (count < 0) return later(errno) ? Status{} : Status(lost(errno));
    take(MutableBytes(room).first(static_cast<std::size_t>(count)));
  }
}

Status ClientSocket::receive_stream(const Take& take) {
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

}  // namespace adit::system
