#include "system/tcp_reader.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <sys/socket.h>

#include "plane/lane.h"
#include "wire/tcp_framing.h"

namespace adit::system {

namespace {

constexpr std::size_t landing_bytes = 256 << 10;
// Streams looked at in one read(), so that many that only trickle do not keep it from returning.
constexpr unsigned most_streams_per_read = 64;

}  // namespace

TcpReader::TcpReader(std::size_t largest_packet, std::function<void(std::uint32_t)> ended)
    : largest_packet_(largest_packet),
      ended_(std::move(ended)),
      landing_(landing_bytes + wire::tcp_length_bytes + largest_packet) {}

Status TcpReader::open() {
  if (Status opened = arrivals_.open(); !opened) return opened;
  epoll_ = Fd(epoll_create1(EPOLL_CLOEXEC));
  epoll_event event{};
  event.events = EPOLLIN;
  if (!epoll_ || epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, arrivals_.fd(), &event) != 0) {
    return kernel_refused(errno, "cannot watch TCP connections");
  }
  return {};
}

void TcpReader::take_arrivals() {
  for (TcpStreamPtr& stream : arrivals_.take()) {
    const std::uint32_t number = stream->number();
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = number;
    const int result = epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, stream->fd(), &event);
    halves_.emplace(number, Half{std::move(stream), {}});
    if (result != 0) lose(number);
  }
}

std::size_t TcpReader::read(std::span<Packet> packets, std::span<ports::LinkAddress> from,
                            std::size_t front_room) {
  Output out{packets.first(std::min(packets.size(), from.size())), from, front_room};
  take_arrivals();
  cut(out);
  for (unsigned streams = 0; streams < most_streams_per_read && !out.full(); ++streams) {
    Half* half = next_ready();
    if (half == nullptr) break;
    receive(*half);
    cut(out);
  }
  return out.filled;
}

TcpReader::Half* TcpReader::next_ready() {
  for (;;) {
    while (next_event_ < event_count_) {
      const auto number = static_cast<std::uint32_t>(events_[next_event_++].data.u64);
      const auto found = halves_.find(number);
      if (found != halves_.end()) return &found->second;
    }
    const int count = epoll_wait(epoll_.get(), events_.data(), most_events, 0);
    next_event_ = 0;
    event_count_ = count > 0 ? static_cast<std::size_t>(count) : 0;
    // The inbox alone (its number is 0) is for the next read().
    if (event_count_ == 0 || (event_count_ == 1 && events_[0].data.u64 == 0)) return nullptr;
  }
}

void TcpReader::receive(Half& half) {
  ADIT_ASSERT(current_ == 0);
  std::ranges::copy(half.tail, landing_.begin());
  const std::size_t before = half.tail.size();
  const MutableBytes room = MutableBytes(landing_).subspan(before);
  ssize_t count = 0;
  do {
    count = recv(half.stream->fd(), room.data(), room.size(), MSG_DONTWAIT);
  } while (count < 0 && errno == EINTR);
  if (count < 0 && would_block(errno)) return;
  if (count <= 0) return lose(half.stream->number());
  half.tail.clear();
  begin_ = 0;
  end_ = before + static_cast<std::size_t>(count);
  current_ = half.stream->number();
}

void TcpReader::cut(Output& out) {
  if (current_ == 0) return;
  Half& half = halves_.at(current_);
  while (!out.full()) {
    const Bytes rest = Bytes(landing_).subspan(begin_, end_ - begin_);
    if (rest.size() < wire::tcp_length_bytes) return put_aside(half);
    const std::size_t length = load_u16(rest.data());
    if (length == 0 || length > largest_packet_) return lose(current_);
    if (rest.size() < wire::tcp_length_bytes + length) return put_aside(half);
    out.packets[out.filled].assign(rest.subspan(wire::tcp_length_bytes, length), out.front_room);
    out.from[out.filled++] = half.stream->address();
    begin_ += wire::tcp_length_bytes + length;
  }
}

void TcpReader::put_aside(Half& half) {
  half.tail = to_buffer(Bytes(landing_).subspan(begin_, end_ - begin_));
  current_ = 0;
}

// Lets go of a stream that ended or broke the framing, and asks the other half to do the same.
void TcpReader::lose(std::uint32_t number) {
  const auto found = halves_.find(number);
  const TcpStreamPtr stream = found->second.stream;
  stream->shut();
  epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, stream->fd(), nullptr);
  halves_.erase(found);
  if (current_ == number) current_ = 0;
  closed_.push_back(stream->address());
  ended_(number);
}

std::size_t TcpReader::take_closed(std::span<ports::LinkAddress> streams) {
  const std::size_t count = std::min(streams.size(), closed_.size());
  std::copy_n(closed_.begin(), count, streams.begin());
  closed_.erase(closed_.begin(), closed_.begin() + static_cast<std::ptrdiff_t>(count));
  if (!closed_.empty()) arrivals_.ring();  // keeps the thread from sleeping on them
  return count;
}

}  // namespace adit::system
