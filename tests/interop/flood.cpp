// A stranger who sends many UDP datagrams a second, for tests: noise, or packets that were stolen.
//
//   pool of packets, made before ──▶ batches of sendmmsg, as the clock allows ──▶ TARGET
//
// It sends from several ports, one after the other, and tells at the end what it really reached.

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <netinet/in.h>
#include <random>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
using Packet = std::vector<char>;

constexpr std::size_t pool_packets = 4096;
constexpr std::size_t ports = 16;
constexpr std::size_t batch_packets = 32;
constexpr std::size_t longest_garbage = 1400;
constexpr std::size_t longest_truncated = 120;
constexpr auto nap = std::chrono::microseconds(200);

constexpr const char* help_text =
    R"(usage: flood TARGET PORT RATE SECONDS [FILE]

Sends RATE datagrams a second to the IPv4 address TARGET: half of them random bytes, half the
beginnings of packets of this protocol. With FILE: the packet in it, again and again.

At the end it prints a line like {"sent": 500000, "seconds": 10.0, "rate": 50000}.
)";

[[noreturn]] void die(const char* what) {
  std::fprintf(stderr, "flood: %s: %s\n", what, std::strerror(errno));
  std::exit(1);
}

// ---- packets ----

class Noise {
 public:
  Packet garbage() { return bytes(1 + below(longest_garbage)); }

  // An opcode that exists, now and then the peer id of somebody who is there, and then anything.
  Packet truncated() {
    constexpr std::uint32_t first_opcode = 3, opcodes = 9, data_v2 = 9, few_peers = 4;
    Packet packet = bytes(1 + below(longest_truncated));
    const std::uint32_t opcode = first_opcode + below(opcodes);
    packet[0] = static_cast<char>(opcode << 3);
    if (opcode == data_v2 && packet.size() > 3) {
      packet[1] = packet[2] = 0;
      packet[3] = static_cast<char>(below(few_peers));
    }
    return packet;
  }

 private:
  std::uint32_t below(std::size_t limit) { return static_cast<std::uint32_t>(dice_() % limit); }

  Packet bytes(std::size_t size) {
    Packet packet(size);
    std::ranges::generate(packet, [this] { return static_cast<char>(dice_()); });
    return packet;
  }

  std::mt19937_64 dice_{1};
};

std::vector<Packet> noise() {
  Noise source;
  std::vector<Packet> pool;
  while (pool.size() < pool_packets) {
    pool.push_back(source.garbage());
    pool.push_back(source.truncated());
  }
  return pool;
}

std::vector<Packet> stolen(const char* path) {
  std::ifstream file(path, std::ios::binary);
  Packet packet(std::istreambuf_iterator<char>(file), {});
  if (packet.empty()) die(path);
  return {packet};
}

// ---- sending ----

int open_socket(const sockaddr_in& target) {
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) die("socket");
  if (connect(fd, reinterpret_cast<const sockaddr*>(&target), sizeof target) != 0) die("connect");
  return fd;
}

class Sender {
 public:
  Sender(const sockaddr_in& target, std::vector<Packet> pool) : pool_(std::move(pool)) {
    for (int& fd : sockets_) fd = open_socket(target);
  }
  ~Sender() {
    for (const int fd : sockets_) close(fd);
  }

  // How many of them went out.
  std::size_t send(std::size_t wanted) {
    std::array<mmsghdr, batch_packets> messages{};
    std::array<iovec, batch_packets> parts{};
    const std::size_t count = std::min(wanted, batch_packets);
    for (std::size_t i = 0; i < count; ++i) {
      Packet& packet = pool_[next_packet_++ % pool_.size()];
      parts[i] = {packet.data(), packet.size()};
      messages[i].msg_hdr.msg_iov = &parts[i];
      messages[i].msg_hdr.msg_iovlen = 1;
    }
    const int fd = sockets_[next_socket_++ % ports];
    const int sent = sendmmsg(fd, messages.data(), static_cast<unsigned>(count), 0);
    return sent > 0 ? static_cast<std::size_t>(sent) : 0;
  }

 private:
  std::vector<Packet> pool_;
  std::array<int, ports> sockets_{};
  std::size_t next_packet_ = 0;
  std::size_t next_socket_ = 0;
};

void flood(Sender& sender, double rate, double seconds) {
  const auto start = Clock::now();
  double passed = 0;
  std::uint64_t sent = 0;
  while (passed < seconds) {
    const auto due = static_cast<std::uint64_t>(passed * rate);
    if (sent < due) {
      sent += sender.send(due - sent);
    } else {
      std::this_thread::sleep_for(nap);
    }
    passed = std::chrono::duration<double>(Clock::now() - start).count();
  }
  std::printf("{\"sent\": %llu, \"seconds\": %.2f, \"rate\": %.0f}\n",
              static_cast<unsigned long long>(sent), passed, static_cast<double>(sent) / passed);
}

}  // namespace

int main(int count, char** words) {
  if (count != 5 && count != 6) {
    std::fputs(help_text, stderr);
    return 2;
  }
  sockaddr_in target{};
  target.sin_family = AF_INET;
  target.sin_port = htons(static_cast<std::uint16_t>(std::strtoul(words[2], nullptr, 10)));
  if (inet_pton(AF_INET, words[1], &target.sin_addr) != 1) {
    std::fprintf(stderr, "flood: %s is not an IPv4 address\n", words[1]);
    return 2;
  }
  Sender sender(target, count == 6 ? stolen(words[5]) : noise());
  flood(sender, std::strtod(words[3], nullptr), std::strtod(words[4], nullptr));
  return 0;
}
