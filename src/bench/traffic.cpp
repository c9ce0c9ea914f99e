#include "bench/traffic.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <atomic>
#include <cerrno>
#include <sys/socket.h>
#include <thread>
#include <vector>

#include "system/clock.h"
#include "system/kernel_error.h"

namespace adit::bench {

namespace {

using namespace std::chrono_literals;

constexpr Duration warm_up = 500ms;
constexpr timeval patience{3, 0};

Result<system::Fd> reach(int type, const char* host, std::uint16_t port) {
  system::Fd fd(socket(AF_INET, type, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  inet_pton(AF_INET, host, &address.sin_addr);
  setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  if (connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return system::kernel_refused(errno, std::string("cannot reach ") + host);
  }
  return fd;
}

// A TCP connection that is kept full by a thread of its own until this goes.
class Flow {
 public:
  explicit Flow(int socket) : socket_(socket), thread_([this] { run(); }) {}
  ~Flow() {
    shutdown(socket_, SHUT_RDWR);
    thread_.join();
  }
  Flow(const Flow&) = delete;
  Flow& operator=(const Flow&) = delete;

 private:
  void run() const {
    const std::vector<char> room(traffic_chunk);
    while (send(socket_, room.data(), room.size(), MSG_NOSIGNAL) > 0) {
    }
  }
  int socket_;
  std::thread thread_;
};

}  // namespace

Result<FarCounts> Traffic::ask() const {
  const auto socket = reach(SOCK_STREAM, outer_, far_port::ask);
  if (!socket) return fail_with(socket.error());
  FarCounts counts;
  if (recv(socket->get(), &counts, sizeof counts, MSG_WAITALL) != sizeof counts) {
    return fail("the process behind the tunnel does not answer");
  }
  return counts;
}

Result<double> Traffic::tcp_up(Duration time) const {
  const auto socket = reach(SOCK_STREAM, inside_, far_port::sink);
  if (!socket) return fail_with(socket.error());
  const Flow flow(socket->get());
  std::this_thread::sleep_for(warm_up);
  const auto before = ask();
  const Instant begin = system::monotonic_now();
  std::this_thread::sleep_for(time);
  const auto after = ask();
  const Duration taken = system::monotonic_now() - begin;
  if (!before || !after) return fail_with(before ? after.error() : before.error());
  return static_cast<double>(after->bytes - before->bytes) / in_seconds(taken);
}

Result<double> Traffic::tcp_down(Duration time) const {
  const auto socket = reach(SOCK_STREAM, inside_, far_port::source);
  if (!socket) return fail_with(socket.error());
  std::vector<char> room(traffic_chunk);
  Instant begin = system::monotonic_now();
  const Instant counts_from = begin + warm_up;
  bool counting = false;
  double bytes = 0;
  for (;;) {
    const ssize_t count = recv(socket->get(), room.data(), room.size(), 0);
    if (count <= 0) return fail("nothing came through the tunnel for three seconds");
    const Instant now = system::monotonic_now();
    if (counting) bytes += static_cast<double>(count);
    if (!counting && now >= counts_from) {
      counting = true;
      begin = now;
    }
    if (counting && now - begin >= time) return bytes / in_seconds(now - begin);
  }
}

Result<double> Traffic::udp_up(std::size_t payload, Duration time) const {
  const auto socket = reach(SOCK_DGRAM, inside_, far_port::count);
  if (!socket) return fail_with(socket.error());
  std::vector<char> room(payload);
  iovec part{room.data(), room.size()};
  std::array<mmsghdr, traffic_batch> messages{};
  for (mmsghdr& message : messages) {
    message.msg_hdr.msg_iov = &part;
    message.msg_hdr.msg_iovlen = 1;
  }
  const auto before = ask();
  const Instant begin = system::monotonic_now();
  while (system::monotonic_now() - begin < time) {
    static_cast<void>(sendmmsg(socket->get(), messages.data(), traffic_batch, 0));
  }
  const Duration taken = system::monotonic_now() - begin;
  std::this_thread::sleep_for(100ms);
  const auto after = ask();
  if (!before || !after) return fail_with(before ? after.error() : before.error());
  return static_cast<double>(after->packets - before->packets) / in_seconds(taken);
}

Result<Duration> Traffic::round_trip(int count, Duration between) const {
  const auto socket = reach(SOCK_DGRAM, inside_, far_port::echo);
  if (!socket) return fail_with(socket.error());
  std::vector<Duration> times;
  for (int i = 0; i < count; ++i) {
    const Instant begin = system::monotonic_now();
    if (send(socket->get(), &i, sizeof i, 0) != sizeof i) continue;
    int answer = -1;
    while (answer < i && recv(socket->get(), &answer, sizeof answer, 0) == sizeof answer) {
    }
    if (answer == i) times.push_back(system::monotonic_now() - begin);
    std::this_thread::sleep_for(between);
  }
  if (times.empty()) return fail("no packet came back through the tunnel");
  std::ranges::sort(times);
  return times[times.size() / 2];
}

Result<Duration> Traffic::round_trip_beside_flow(int count, Duration between) const {
  const auto socket = reach(SOCK_STREAM, inside_, far_port::sink);
  if (!socket) return fail_with(socket.error());
  const Flow flow(socket->get());
  std::this_thread::sleep_for(warm_up);
  return round_trip(count, between);
}

}  // namespace adit::bench
