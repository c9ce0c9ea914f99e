#include "system/relayed_pair.h"

#include <cerrno>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "system/kernel_error.h"

namespace adit::system {

namespace {

// Bytes taken; 0: no room now; -1: the connection is lost.
ssize_t send_some(int to, Bytes bytes) {
  const ssize_t sent = send(to, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  const bool later = sent < 0 && (would_block(errno) || errno == EINTR || errno == ENOBUFS);
  return later ? 0 : sent;
}

}  // namespace

std::uint32_t RelayedPair::interest(std::size_t side) const {
  const Flow &out = flows_.at(side), &in = flows_.at(1 - side);
  std::uint32_t interest = 0;
  if (!out.ended && !out.stuck()) interest |= EPOLLIN;
  if (in.stuck()) interest |= EPOLLOUT;
  return interest;
}

bool RelayedPair::move(MutableBytes room) {
  return pump(0, room) && pump(1, room) && !(flows_[0].passed && flows_[1].passed);
}

bool RelayedPair::pump(std::size_t from, MutableBytes room) {
  Flow& flow = flows_.at(from);
  const int to = fd(1 - from);
  if (!send_waiting(flow, to)) return false;
  if (!flow.stuck() && !flow.ended && !receive(flow, fd(from), to, room)) return false;
  if (flow.ended && !flow.stuck() && !flow.passed) {
    flow.passed = true;
    shutdown(to, SHUT_WR);
  }
  return true;
}

bool RelayedPair::send_waiting(Flow& flow, int to) {
  if (!flow.stuck()) return true;
  const ssize_t sent = send_some(to, Bytes(flow.waiting).subspan(flow.sent));
  if (sent < 0) return false;
  flow.sent += static_cast<std::size_t>(sent);
  if (!flow.stuck()) flow.waiting = {}, flow.sent = 0;
  return true;
}

bool RelayedPair::receive(Flow& flow, int from, int to, MutableBytes room) {
  const ssize_t came = recv(from, room.data(), room.size(), MSG_DONTWAIT);
  if (came < 0) return would_block(errno) || errno == EINTR;
  flow.ended = came == 0;
  if (flow.ended) return true;
  const Bytes bytes = Bytes(room).first(static_cast<std::size_t>(came));
  const ssize_t sent = send_some(to, bytes);
  if (sent < 0) return false;
  flow.waiting = to_buffer(bytes.subspan(static_cast<std::size_t>(sent)));
  return true;
}

}  // namespace adit::system
