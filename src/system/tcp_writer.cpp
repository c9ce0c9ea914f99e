#include "system/tcp_writer.h"

#include <algorithm>
#include <cerrno>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/assert.h"
#include "wire/tcp_framing.h"

namespace adit::system {

namespace {

// The packet becomes its own frame: the length goes into the room in front.
Bytes frame(Packet& packet) {
  const auto length = static_cast<std::uint16_t>(packet.size());
  store_u16(packet.prepend(wire::tcp_length_bytes), length);
  return packet.bytes();
}

// Bytes taken, 0 when there is no room now, -1 when the connection is lost.
ssize_t send_pieces(int fd, std::span<iovec> pieces) {
  msghdr header{};
  header.msg_iov = pieces.data();
  header.msg_iovlen = pieces.size();
  ssize_t sent = 0;
  do {
    sent = sendmsg(fd, &header, MSG_DONTWAIT | MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  const bool full = sent < 0 && (would_block(errno) || errno == ENOBUFS);
  return full ? 0 : sent;
}

// Of what the connection sends from now on. The kernel keeps the bits of ECN to itself here.
void set_tos(int fd, std::uint8_t tos, ip::Family family) {
  const int value = tos;
  const bool v4 = family == ip::Family::v4;
  static_cast<void>(setsockopt(fd, v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_TOS : IPV6_TCLASS,
                               &value, sizeof value));
}

}  // namespace

bool TcpBacklog::add(Bytes frame, std::size_t already) {
  if (already == 0 && ends_.size() >= most_packets_) return false;
  const Bytes rest = frame.subspan(already);
  bytes_.insert(bytes_.end(), rest.begin(), rest.end());
  ends_.push_back(bytes_.size());
  return true;
}

void TcpBacklog::sent(std::size_t count) {
  sent_ += count;
  while (!ends_.empty() && ends_.front() <= sent_) ends_.pop_front();
  if (!empty() && sent_ < bytes_.size() / 2) return;
  bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(sent_));
  for (std::size_t& end : ends_) end -= sent_;
  sent_ = 0;
}

Status TcpWriter::open() {
  if (Status opened = inbox_.open(); !opened) return opened;
  epoll_ = Fd(epoll_create1(EPOLL_CLOEXEC));
  epoll_event event{};
  event.events = EPOLLIN;
  if (!epoll_ || epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, inbox_.fd(), &event) != 0) {
    return kernel_refused(errno, "cannot watch TCP connections");
  }
  return {};
}

void TcpWriter::take_inbox() {
  for (Message& message : inbox_.take()) {
    switch (message.word) {
      case Word::add: {
        const std::uint32_t number = message.stream->number();
        halves_.emplace(number, Half{std::move(message.stream), TcpBacklog(queue_packets_)});
        break;
      }
      case Word::drop:
        forget(message.number);
        break;
      case Word::close:
        closing_.push_back(message.number);
        break;
    }
  }
}

// Consecutive packets of one connection and TOS travel together.
void TcpWriter::write(std::span<const ports::OutgoingPacket> packets, DropCounters& drops) {
  take_inbox();
  while (!packets.empty()) {
    const std::uint32_t number = packets.front().to.stream;
    std::size_t size = 1;
    while (size < packets.size() && size < most_pieces && packets[size].to.stream == number &&
           packets[size].tos == packets.front().tos) {
      ++size;
    }
    const auto run = packets.first(size);
    packets = packets.subspan(size);
    const auto found = halves_.find(number);
    if (found == halves_.end()) {
      for (std::size_t i = 0; i < size; ++i) drops.add(Drop::link_error);
    } else {
      write_run(found->second, run, drops);
    }
  }
}

void TcpWriter::write_run(Half& half, std::span<const ports::OutgoingPacket> run,
                          DropCounters& drops) {
  if (run.front().tos != half.tos) {
    half.tos = run.front().tos;
    set_tos(half.stream->fd(), half.tos, half.stream->address().remote.address.family());
  }
  if (half.backlog.empty()) return send_run(half, run, drops);
  for (const ports::OutgoingPacket& packet : run) {
    if (!half.backlog.add(frame(*packet.packet))) drops.add(Drop::queue_full);
  }
}

void TcpWriter::send_run(Half& half, std::span<const ports::OutgoingPacket> run,
                         DropCounters& drops) {
  for (std::size_t i = 0; i < run.size(); ++i) {
    const Bytes bytes = frame(*run[i].packet);
    pieces_[i] = {run[i].packet->data(), bytes.size()};
  }
  const ssize_t sent = send_pieces(half.stream->fd(), std::span(pieces_).first(run.size()));
  if (sent < 0) {
    for (std::size_t i = 0; i < run.size(); ++i) drops.add(Drop::link_error);
    return give_up(half);
  }
  auto left = static_cast<std::size_t>(sent);
  for (const ports::OutgoingPacket& packet : run) {
    const Bytes bytes = packet.packet->bytes();
    const std::size_t taken = std::min(left, bytes.size());
    left -= taken;
    if (taken < bytes.size() && !half.backlog.add(bytes, taken)) drops.add(Drop::queue_full);
  }
  if (!half.backlog.empty()) wait_for_room(half);
}

// What must be done between writes: connections that have room again, and those to be shut. True:
// something was done or is left to do.
bool TcpWriter::flush() {
  bool worked = shut_closing();
  take_inbox();
  worked |= !closing_.empty();
  if (waiting_.empty()) return worked;
  const int count = epoll_wait(epoll_.get(), events_.data(), most_events, 0);
  for (int i = 0; i < count; ++i) {
    const auto number = static_cast<std::uint32_t>(events_[static_cast<std::size_t>(i)].data.u64);
    const auto found = halves_.find(number);
    if (found != halves_.end()) worked |= drain(found->second);
  }
  return worked;
}

bool TcpWriter::drain(Half& half) {
  const Bytes rest = half.backlog.rest();
  iovec piece{const_cast<std::uint8_t*>(rest.data()), rest.size()};
  const ssize_t sent = send_pieces(half.stream->fd(), {&piece, 1});
  if (sent < 0) {
    give_up(half);
    return true;
  }
  half.backlog.sent(static_cast<std::size_t>(sent));
  if (half.backlog.empty()) stop_waiting(half.stream->number(), half.stream->fd());
  return sent > 0;
}

// A close word waits for one more flush, so that what was given to the lane before it goes out.
bool TcpWriter::shut_closing() {
  for (const std::uint32_t number : closing_) {
    const auto found = halves_.find(number);
    if (found != halves_.end()) give_up(found->second);
  }
  return !std::exchange(closing_, {}).empty();
}

void TcpWriter::wait_for_room(Half& half) {
  const std::uint32_t number = half.stream->number();
  if (!waiting_.insert(number).second) return;
  epoll_event event{};
  event.events = EPOLLOUT;
  event.data.u64 = number;
  epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, half.stream->fd(), &event);
}

void TcpWriter::stop_waiting(std::uint32_t number, int fd) {
  if (waiting_.erase(number) > 0) epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

void TcpWriter::forget(std::uint32_t number) {
  const auto found = halves_.find(number);
  if (found == halves_.end()) return;
  stop_waiting(number, found->second.stream->fd());
  halves_.erase(found);
}

// The reading half meets the end that this makes, and reports it.
void TcpWriter::give_up(Half& half) {
  half.stream->shut();
  forget(half.stream->number());
}

}  // namespace adit::system
