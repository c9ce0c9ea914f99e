#include "bench/far_end.h"

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include "system/kernel_error.h"
#include "system/netlink.h"

namespace adit::bench {

namespace {

constexpr int big_buffer = 4 << 20;

struct Meters {
  std::atomic<std::uint64_t> bytes{0}, packets{0};
};

int bound(int type, std::uint16_t port) {
  const int fd = socket(AF_INET, type, 0);
  constexpr int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  if (bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) _exit(1);
  if (type == SOCK_STREAM && listen(fd, 8) != 0) _exit(1);
  if (type == SOCK_DGRAM) {
    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &big_buffer, sizeof big_buffer);
  }
  return fd;
}

void sink(int listener, Meters& meters) {
  std::vector<char> room(traffic_chunk);
  for (;;) {
    const system::Fd stream(accept(listener, nullptr, nullptr));
    for (ssize_t count = 1; count > 0;) {
      count = recv(stream.get(), room.data(), room.size(), 0);
      if (count > 0) meters.bytes.fetch_add(static_cast<std::uint64_t>(count));
    }
  }
}

void source(int listener) {
  const std::vector<char> room(traffic_chunk);
  for (;;) {
    const system::Fd stream(accept(listener, nullptr, nullptr));
    while (send(stream.get(), room.data(), room.size(), MSG_NOSIGNAL) > 0) {
    }
  }
}

void answer(int listener, Meters& meters) {
  for (;;) {
    const system::Fd stream(accept(listener, nullptr, nullptr));
    const FarCounts counts{meters.bytes.load(), meters.packets.load()};
    static_cast<void>(send(stream.get(), &counts, sizeof counts, MSG_NOSIGNAL));
  }
}

void count(int socket, Meters& meters) {
  std::vector<std::array<char, 2048>> rooms(traffic_batch);
  std::array<iovec, traffic_batch> parts{};
  std::array<mmsghdr, traffic_batch> messages{};
  for (std::size_t i = 0; i < traffic_batch; ++i) {
    parts[i] = {rooms[i].data(), rooms[i].size()};
    messages[i].msg_hdr.msg_iov = &parts[i];
    messages[i].msg_hdr.msg_iovlen = 1;
  }
  for (;;) {
    const int came = recvmmsg(socket, messages.data(), traffic_batch, MSG_WAITFORONE, nullptr);
    if (came > 0) meters.packets.fetch_add(static_cast<unsigned>(came));
  }
}

void echo(int socket) {
  std::array<char, 2048> room;
  for (;;) {
    sockaddr_storage from{};
    socklen_t size = sizeof from;
    auto* const address = reinterpret_cast<sockaddr*>(&from);
    const ssize_t came = recvfrom(socket, room.data(), room.size(), 0, address, &size);
    if (came < 0) continue;
    static_cast<void>(
        sendto(socket, room.data(), static_cast<std::size_t>(came), 0, address, size));
  }
}

// What the child is told: which device is outside, with which address.
struct Order {
  std::array<char, 16> device{};
  std::uint32_t address = 0;
};

Status set_up(const Order& order) {
  auto network = system::Netlink::open();
  if (!network) return fail_with(network.error());
  if (Status up = (*network)->configure_link("lo", 65536, {}); !up) return up;
  if (Status up = (*network)->configure_link(order.device.data(), 1500, {}); !up) return up;
  return (*network)->add_address(order.device.data(), {ip::Address::v4(order.address), 24, {}, {}});
}

[[noreturn]] void live(int orders, int answers) {
  if (unshare(CLONE_NEWNET) != 0) _exit(1);
  char told = '+';
  if (write(answers, &told, 1) != 1) _exit(1);
  Order order;
  if (read(orders, &order, sizeof order) != sizeof order) _exit(1);
  if (!set_up(order)) told = '-';
  Meters meters;
  std::vector<std::thread> threads;
  const int sinks = bound(SOCK_STREAM, far_port::sink),
            sources = bound(SOCK_STREAM, far_port::source);
  const int asks = bound(SOCK_STREAM, far_port::ask), counts = bound(SOCK_DGRAM, far_port::count);
  const int echoes = bound(SOCK_DGRAM, far_port::echo);
  threads.emplace_back(sink, sinks, std::ref(meters));
  threads.emplace_back(source, sources);
  threads.emplace_back(answer, asks, std::ref(meters));
  threads.emplace_back(count, counts, std::ref(meters));
  if (write(answers, &told, 1) != 1) _exit(1);
  echo(echoes);
  _exit(0);
}

Status hear(int answers, const char* what) {
  char told = '-';
  if (read(answers, &told, 1) == 1 && told == '+') return {};
  return fail("the process behind the tunnel {}", what);
}

}  // namespace

Result<FarEnd> FarEnd::start() {
  std::array<int, 2> orders{}, answers{};
  if (pipe2(orders.data(), O_CLOEXEC) != 0 || pipe2(answers.data(), O_CLOEXEC) != 0) {
    return system::kernel_refused(errno, "cannot make a pipe");
  }
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child < 0) return system::kernel_refused(errno, "cannot start a process");
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(1);
    setpgid(0, 0);  // a Ctrl-C is for the parent
    live(orders[0], answers[1]);
  }
  close(orders[0]);
  close(answers[1]);
  FarEnd made(child, system::Fd(orders[1]), system::Fd(answers[0]));
  if (Status there = hear(made.answers_.get(), "got no network namespace"); !there) {
    return fail_with(there.error());
  }
  return made;
}

FarEnd::FarEnd(FarEnd&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      orders_(std::move(other.orders_)),
      answers_(std::move(other.answers_)) {}

FarEnd::~FarEnd() {
  if (pid_ <= 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

Status FarEnd::open(const char* device, const char* address) {
  Order order;
  std::snprintf(order.device.data(), order.device.size(), "%s", device);
  order.address = ip::Address::parse_v4(address)->v4_number();
  if (write(orders_.get(), &order, sizeof order) != sizeof order) {
    return system::kernel_refused(errno, "the process behind the tunnel has gone");
  }
  return hear(answers_.get(), "could not set up its devices");
}

}  // namespace adit::bench
