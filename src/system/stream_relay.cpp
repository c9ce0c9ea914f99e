#include "system/stream_relay.h"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "system/clock.h"
#include "system/socket_address.h"
#include "system/thread.h"

namespace adit::system {

namespace {

constexpr std::size_t room_bytes = 64 << 10;
constexpr std::size_t relay_events = 64;
constexpr Duration between_complaints = std::chrono::seconds(1);
constexpr mode_t note_mode = S_IRUSR | S_IWUSR | S_IRGRP;  // as stock's

void notice_dead_peers(int socket) {
  const int on = 1;
  setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

// A pair's events are marked with its number; 0 is the inbox.
epoll_event event_of(std::uint64_t number, std::uint32_t interest) {
  epoll_event event{};
  event.events = interest;
  event.data.u64 = number;
  return event;
}

}  // namespace

Result<std::unique_ptr<StreamRelay>> StreamRelay::start(Setup setup) {
  std::unique_ptr<StreamRelay> relay(new StreamRelay(std::move(setup)));
  if (Status opened = relay->open(); !opened) return fail_with(opened.error());
  auto thread = start_thread("adit-share", [raw = relay.get()] { raw->run(); });
  if (!thread) return fail_with(thread.error());
  relay->thread_ = std::move(*thread);
  return relay;
}

Status StreamRelay::open() {
  if (Status opened = arrivals_.open(); !opened) return opened;
  epoll_ = Fd(epoll_create1(EPOLL_CLOEXEC));
  epoll_event event = event_of(0, EPOLLIN);
  if (!epoll_ || epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, arrivals_.fd(), &event) != 0) {
    return kernel_refused(errno, "cannot watch TCP connections");
  }
  room_.resize(room_bytes);
  return {};
}

StreamRelay::~StreamRelay() {
  if (!thread_.joinable()) return;
  stopping_.store(true);
  arrivals_.ring();
  thread_.join();
}

void StreamRelay::run() {
  std::array<epoll_event, relay_events> events;
  while (!stopping_.load()) {
    const int count = epoll_wait(epoll_.get(), events.data(), relay_events, -1);
    for (int i = 0; i < count; ++i) {
      const std::uint64_t number = events[static_cast<std::size_t>(i)].data.u64;
      number == 0 ? take_arrivals() : turn(number);
    }
  }
  while (!pairs_.empty()) end(pairs_.begin());
}

void StreamRelay::take_arrivals() {
  for (Fd& connection : arrivals_.take()) {
    if (pairs_.size() < setup_.most_pairs) {
      begin(std::move(connection));
    } else {
      complain(
          fmt::format("no more than {} connections are handed on at a time", setup_.most_pairs));
    }
  }
}

void StreamRelay::begin(Fd connection) {
  Fd called = call_target();
  if (!called) return;
  notice_dead_peers(connection.get());
  std::string note = write_note(connection.get(), called.get());
  const std::uint64_t number = ++last_number_;
  auto made = pairs_.emplace(
      number, Relayed{RelayedPair(std::move(connection), std::move(called)), false, note});
  watch(number, made.first->second);
}

Fd StreamRelay::call_target() {
  const int family = family_number(setup_.target.address.family());
  Fd called(socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const auto address = to_socket_address(setup_.target, family);
  if (called && address) {
    notice_dead_peers(called.get());
    if (connect(called.get(), address->raw(), address->size) == 0 || errno == EINPROGRESS) {
      return called;
    }
  }
  complain(fmt::format("cannot connect to {}: {}", setup_.target.text(), reason(errno)));
  return {};
}

std::string StreamRelay::write_note(int from, int to) {
  if (!setup_.journal) return {};
  std::string name = setup_.label(local_endpoint(to));
  const std::string text = setup_.label(remote_endpoint(from));
  const Fd file(openat(setup_.journal.get(), name.c_str(),
                       O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, note_mode));
  const bool written =
      file && write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
  if (!written) complain(fmt::format("cannot write the journal's {}: {}", name, reason(errno)));
  return file ? name : std::string();
}

void StreamRelay::turn(std::uint64_t number) {
  const auto pair = pairs_.find(number);
  if (pair == pairs_.end()) return;  // it ended by an event just before
  Relayed& relayed = pair->second;
  if (!relayed.connected && !is_connected(relayed)) return end(pair);
  if (!relayed.pair.move(room_)) return end(pair);
  watch(number, relayed);
}

bool StreamRelay::is_connected(Relayed& relayed) {
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(relayed.pair.fd(target), SOL_SOCKET, SO_ERROR, &error, &size);
  relayed.connected = error == 0;
  if (error == 0) return true;
  complain(fmt::format("cannot connect to {}: {}", setup_.target.text(), reason(error)));
  return false;
}

// What waits for nothing is not watched at all: a socket that hung up would keep us awake.
void StreamRelay::watch(std::uint64_t number, Relayed& relayed) {
  for (const std::size_t side : {caller, target}) {
    std::uint32_t wanted = relayed.pair.interest(side);
    if (!relayed.connected) wanted = side == target ? std::uint32_t{EPOLLOUT} : 0u;
    std::uint32_t& watched = relayed.watched.at(side);
    if (wanted == watched) continue;
    epoll_event event = event_of(number, wanted);
    const int how = watched == 0 ? EPOLL_CTL_ADD : wanted == 0 ? EPOLL_CTL_DEL : EPOLL_CTL_MOD;
    epoll_ctl(epoll_.get(), how, relayed.pair.fd(side), &event);
    watched = wanted;
  }
}

void StreamRelay::end(Pairs::iterator pair) {
  const std::string& note = pair->second.note;
  if (!note.empty()) unlinkat(setup_.journal.get(), note.c_str(), 0);
  pairs_.erase(pair);
}

void StreamRelay::complain(std::string what) {
  const Instant now = monotonic_now();
  if (now < quiet_until_) return;
  quiet_until_ = now + between_complaints;
  setup_.complain(std::move(what));
}

}  // namespace adit::system
