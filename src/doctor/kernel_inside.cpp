#include "doctor/kernel_inside.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include "doctor/wait.h"
#include "ip/header_fields.h"
#include "ip/inner_packet.h"
#include "system/clock.h"
#include "system/kernel_error.h"

namespace adit::doctor {

namespace {

constexpr std::size_t largest_packet_bytes = 65536;
constexpr std::size_t v6_source_at = 8, v6_destination_at = 24;

system::Fd open_raw(int family, int protocol, const std::string& device) {
  system::Fd fd(socket(family, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol));
  if (fd.get() < 0 || device.empty()) return fd;
  const auto size = static_cast<socklen_t>(device.size() + 1);
  if (setsockopt(fd.get(), SOL_SOCKET, SO_BINDTODEVICE, device.c_str(), size) != 0) {
    return system::Fd();
  }
  return fd;
}

}  // namespace

Result<std::unique_ptr<KernelInside>> KernelInside::open(const std::string& device) {
  system::Fd v4 = open_raw(AF_INET, IPPROTO_ICMP, device);
  if (v4.get() < 0) {
    return fail_with(
        {fmt::format("cannot send echo requests{}: {}", device.empty() ? "" : " through " + device,
                     system::reason(errno)),
         "run as root"});
  }
  constexpr int on = 1;
  setsockopt(v4.get(), IPPROTO_IP, IP_HDRINCL, &on, sizeof on);
  return std::unique_ptr<KernelInside>(
      new KernelInside(std::move(v4), open_raw(AF_INET6, IPPROTO_ICMPV6, device)));
}

Instant KernelInside::now() { return system::monotonic_now(); }

bool KernelInside::send(Bytes packet) {
  const auto inner = ip::look(packet);
  if (!inner) return false;
  if (inner->destination.is_v4()) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    std::memcpy(&to.sin_addr, inner->destination.bytes().data(), sizeof to.sin_addr);
    sockaddr address{};
    std::memcpy(&address, &to, sizeof address);
    return sendto(v4_.get(), packet.data(), packet.size(), 0, &address, sizeof address) >= 0;
  }
  // The kernel writes the header, and the checksum.
  sockaddr_in6 to{};
  to.sin6_family = AF_INET6;
  std::memcpy(&to.sin6_addr, inner->destination.bytes().data(), sizeof to.sin6_addr);
  sockaddr_storage address{};
  std::memcpy(&address, &to, sizeof to);
  const Bytes message = packet.subspan(ip::v6_header_bytes);
  const void* where = &address;
  return sendto(v6_.get(), message.data(), message.size(), 0, static_cast<const sockaddr*>(where),
                sizeof to) >= 0;
}

std::optional<Buffer> KernelInside::receive(Instant until) {
  while (arrived_.empty()) {
    const timespec wait = as_timespec(until - now());
    std::array<pollfd, 2> watched{{{v4_.get(), POLLIN, 0}, {v6_.get(), POLLIN, 0}}};
    if (ppoll(watched.data(), watched.size(), &wait, nullptr) <= 0) return std::nullopt;
    if (watched[0].revents != 0) take_v4();
    if (watched[1].revents != 0) take_v6();
  }
  Buffer packet = std::move(arrived_.front());
  arrived_.pop_front();
  return packet;
}

void KernelInside::take_v4() {
  Buffer room(largest_packet_bytes);
  const ssize_t count = recv(v4_.get(), room.data(), room.size(), 0);
  if (count <= 0) return;
  room.resize(static_cast<std::size_t>(count));
  if (ip::look(room)) arrived_.push_back(std::move(room));
}

// Without its IPv6 header, which is made again.
void KernelInside::take_v6() {
  Buffer room(largest_packet_bytes);
  sockaddr_storage from{};
  socklen_t from_size = sizeof from;
  void* where = &from;
  const ssize_t count =
      recvfrom(v6_.get(), room.data() + ip::v6_header_bytes, room.size() - ip::v6_header_bytes, 0,
               static_cast<sockaddr*>(where), &from_size);
  if (count <= 0) return;
  const auto size = static_cast<std::size_t>(count);
  room.resize(ip::v6_header_bytes + size);
  sockaddr_in6 sender{};
  std::memcpy(&sender, &from, sizeof sender);
  constexpr std::uint8_t hop_limit = 64;
  const MutableBytes packet(room);
  store_u32(packet.data(), 0x60000000);
  store_u16(&packet[4], static_cast<std::uint16_t>(size));
  packet[6] = IPPROTO_ICMPV6;
  packet[7] = hop_limit;
  std::memcpy(&packet[v6_source_at], &sender.sin6_addr, sizeof sender.sin6_addr);
  std::fill_n(packet.begin() + v6_destination_at, sizeof sender.sin6_addr, std::uint8_t{0});
  if (ip::look(room)) arrived_.push_back(std::move(room));
}

}  // namespace adit::doctor
