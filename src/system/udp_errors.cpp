#include "system/udp_errors.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <optional>
#include <sys/socket.h>

#include "system/socket_address.h"

namespace adit::system {

namespace {

constexpr std::size_t errors_at_once = 64;

// Room for the error and for the address of whoever reported it.
struct alignas(cmsghdr) ErrorAncillary {
  std::array<unsigned char, 256> bytes;
};

std::optional<sock_extended_err> error_in(const msghdr& header) {
  for (const cmsghdr* item = CMSG_FIRSTHDR(&header); item != nullptr;
       item = CMSG_NXTHDR(const_cast<msghdr*>(&header), const_cast<cmsghdr*>(item))) {
    const bool v4 = item->cmsg_level == IPPROTO_IP && item->cmsg_type == IP_RECVERR;
    const bool v6 = item->cmsg_level == IPPROTO_IPV6 && item->cmsg_type == IPV6_RECVERR;
    if ((!v4 && !v6) || item->cmsg_len < CMSG_LEN(sizeof(sock_extended_err))) continue;
    sock_extended_err error;
    std::memcpy(&error, CMSG_DATA(item), sizeof error);
    return error;
  }
  return std::nullopt;
}

struct Met {
  std::optional<ip::Endpoint> to;  // port 0: unknown
  sock_extended_err what{};
};

// Nothing: the queue is empty.
std::optional<Met> next_error(int socket) {
  SocketAddress to;
  ErrorAncillary room;
  msghdr header{};
  header.msg_name = to.raw();
  header.msg_namelen = sizeof(sockaddr_storage);
  header.msg_control = room.bytes.data();
  header.msg_controllen = room.bytes.size();
  if (recvmsg(socket, &header, MSG_ERRQUEUE | MSG_DONTWAIT) < 0) return std::nullopt;
  Met met;
  if (header.msg_namelen != 0) met.to = to_endpoint(to);
  met.what = error_in(header).value_or(sock_extended_err{});
  return met;
}

}  // namespace

void UdpErrors::ask(int socket, Stack stack) {
  const int on = 1;
  if (stack != Stack::v6_only) {
    asked_ = setsockopt(socket, IPPROTO_IP, IP_RECVERR, &on, sizeof on) == 0;
  }
  if (stack == Stack::v4) return;
  if (setsockopt(socket, IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof on) == 0) asked_ = true;
}

void UdpErrors::drain(int socket) {
  for (std::size_t i = 0; asked_ && i < errors_at_once; ++i) {
    const auto met = next_error(socket);
    if (!met) return;
    const auto error = static_cast<int>(met->what.ee_errno);
    if (error == EMSGSIZE) {
      if (met->to && count_ < most) kept_[count_++] = {*met->to, met->what.ee_info};
    } else if (error != 0) {
      other_ = ports::LinkError{met->to.value_or(ip::Endpoint()), error, socket};
    }
  }
}

std::size_t UdpErrors::take(std::span<ports::TooLarge> hints) {
  const std::size_t count = std::min(hints.size(), count_);
  std::copy_n(kept_.begin(), count, hints.begin());
  count_ = 0;
  return count;
}

}  // namespace adit::system
