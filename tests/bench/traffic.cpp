// UDP packets as fast as they go, for measuring tunnels: both programs get the same load.
//
//   traffic receive ADDRESS PORT SECONDS     prints "listening", then "packets N seconds S"
//   traffic send ADDRESS PORT BYTES SECONDS  BYTES: of each payload
//
// What is counted is what arrives while the sender sends more than the tunnel takes.

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <sys/socket.h>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::size_t batch = 64;
constexpr std::size_t largest = 2048;
constexpr int buffer_bytes = 4 << 20;
constexpr auto patience = std::chrono::seconds(5);  // for the first packet

[[noreturn]] void stop(const char* what) {
  std::perror(what);
  std::exit(1);
}

sockaddr_in address_of(const char* host, const char* port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(std::strtoul(port, nullptr, 10)));
  if (inet_pton(AF_INET, host, &address.sin_addr) != 1) stop("traffic: no IPv4 address");
  return address;
}

int open_socket() {
  const int fd = socket(AF_INET, SOCK_DGRAM, 0);
  if (fd < 0) stop("traffic: socket");
  for (const int option : {SO_RCVBUFFORCE, SO_SNDBUFFORCE}) {
    setsockopt(fd, SOL_SOCKET, option, &buffer_bytes, sizeof buffer_bytes);
  }
  return fd;
}

Clock::duration seconds(const char* text) {
  return std::chrono::duration_cast<Clock::duration>(
      std::chrono::duration<double>(std::strtod(text, nullptr)));
}

// Messages for sendmmsg and recvmmsg, each with memory of its own.
struct Messages {
  explicit Messages(std::size_t bytes) : memory(batch * bytes) {
    for (std::size_t i = 0; i < batch; ++i) {
      parts[i] = {memory.data() + i * bytes, bytes};
      messages[i].msg_hdr.msg_iov = &parts[i];
      messages[i].msg_hdr.msg_iovlen = 1;
    }
  }
  std::vector<std::uint8_t> memory;
  std::array<iovec, batch> parts{};
  std::array<mmsghdr, batch> messages{};
};

int receive(char** words) {
  const int fd = open_socket();
  const sockaddr_in address = address_of(words[2], words[3]);
  if (bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    stop("traffic: bind");
  }
  constexpr timeval rest{0, 100000};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &rest, sizeof rest);
  std::printf("listening\n");
  std::fflush(stdout);
  Messages into(largest);
  std::uint64_t packets = 0;
  Clock::time_point first{};
  const Clock::time_point limit = Clock::now() + patience;
  for (;;) {
    const int count = recvmmsg(fd, into.messages.data(), batch, MSG_WAITFORONE, nullptr);
    const Clock::time_point now = Clock::now();
    if (count > 0 && packets == 0) first = now;
    if (count > 0) packets += static_cast<unsigned>(count);
    if (packets == 0 ? now > limit : now - first > seconds(words[4])) break;
  }
  std::printf("packets %llu seconds %s\n", static_cast<unsigned long long>(packets), words[4]);
  return 0;
}

int send(char** words) {
  const int fd = open_socket();
  const sockaddr_in address = address_of(words[2], words[3]);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    stop("traffic: connect");
  }
  Messages from(std::min<std::size_t>(std::strtoul(words[4], nullptr, 10), largest));
  const Clock::time_point end = Clock::now() + seconds(words[5]);
  while (Clock::now() < end) {
    // A full queue loses packets and says nothing; an error is as good as that.
    static_cast<void>(sendmmsg(fd, from.messages.data(), batch, 0));
  }
  return 0;
}

}  // namespace

int main(int count, char** words) {
  const std::string_view verb = count > 1 ? words[1] : "";
  if (verb == "receive" && count == 5) return receive(words);
  if (verb == "send" && count == 6) return send(words);
  std::fprintf(stderr,
               "usage: traffic receive ADDRESS PORT SECONDS\n"
               "       traffic send ADDRESS PORT BYTES SECONDS\n");
  return 2;
}
