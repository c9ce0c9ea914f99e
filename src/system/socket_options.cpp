#include "system/socket_options.h"

#include <cerrno>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "system/kernel_error.h"
#include "system/socket_address.h"

namespace adit::system {

namespace {

int set(int socket, int level, int option, int value) {
  return setsockopt(socket, level, option, &value, sizeof value);
}

int get(int socket, int level, int option) {
  int value = 0;
  socklen_t size = sizeof value;
  getsockopt(socket, level, option, &value, &size);
  return value;
}

// Asks for more than the host's limit, quietly taking what there is.
void set_buffer(int socket, int forced, int plain, unsigned bytes) {
  const int size = static_cast<int>(bytes);
  if (set(socket, SOL_SOCKET, forced, size) != 0) set(socket, SOL_SOCKET, plain, size);
}

std::string advice_for_bind(int error, Transport transport, unsigned port) {
  const bool udp = transport == Transport::udp;
  switch (error) {
    case EADDRINUSE: {
      const auto holder = holder_of_port(transport, port);
      if (holder) return fmt::format("it is used by {}; stop it or choose another port", *holder);
      return fmt::format("\"ss -l{}np\" shows who uses it; stop it or choose another port",
                         udp ? 'u' : 't');
    }
    case EADDRNOTAVAIL:
      return "this host has no such address (\"ip addr\" lists them); correct or leave out "
             "\"local\"";
    case EACCES:
    case EPERM:
      return "ports below 1024 need root or the capability CAP_NET_BIND_SERVICE";
    default:
      return {};
  }
}

}  // namespace

int socket_family(Stack stack) { return stack == Stack::v4 ? AF_INET : AF_INET6; }

Result<Fd> open_socket(int type, Stack stack) {
  Fd fd(socket(socket_family(stack), type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) {
    return kernel_refused(
        errno, stack == Stack::v4 ? "cannot make an IPv4 socket" : "cannot make an IPv6 socket",
        errno == EAFNOSUPPORT ? "this kernel runs without IPv6; use udp4 or tcp4" : "");
  }
  if (stack != Stack::v4 &&
      set(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, stack == Stack::v6_only ? 1 : 0) != 0) {
    return kernel_refused(errno, "cannot choose between IPv6 alone and both");
  }
  return fd;
}

void resize_buffers(int socket, std::optional<unsigned> receive, std::optional<unsigned> send) {
  if (receive) set_buffer(socket, SO_RCVBUFFORCE, SO_RCVBUF, *receive);
  if (send) set_buffer(socket, SO_SNDBUFFORCE, SO_SNDBUF, *send);
}

Status apply_settings(int socket, const SocketSettings& settings) {
  resize_buffers(socket, settings.receive_buffer, settings.send_buffer);
  if (settings.mark && set(socket, SOL_SOCKET, SO_MARK, static_cast<int>(*settings.mark)) != 0) {
    return kernel_refused(errno, fmt::format("cannot set the mark {} on a socket", *settings.mark),
                          "run as root or with the capability CAP_NET_ADMIN");
  }
  if (settings.tcp_segment) {
    set(socket, IPPROTO_TCP, TCP_MAXSEG, static_cast<int>(*settings.tcp_segment));
  }
  if (settings.device.empty()) return {};
  const auto size = static_cast<socklen_t>(settings.device.size());
  if (setsockopt(socket, SOL_SOCKET, SO_BINDTODEVICE, settings.device.data(), size) == 0) return {};
  return kernel_refused(errno, "cannot bind a socket to the device " + settings.device,
                        errno == ENODEV ? "\"ip link\" lists the devices of this host"
                                        : "run as root or with the capability CAP_NET_RAW");
}

BufferSizes buffer_sizes(int socket) {
  return {get(socket, SOL_SOCKET, SO_RCVBUF), get(socket, SOL_SOCKET, SO_SNDBUF)};
}

Status bind_socket(int socket, Transport transport, Stack stack,
                   const std::optional<ip::Address>& address, std::uint16_t port,
                   std::uint32_t scope_id) {
  static const ip::Address any_v6 = ip::Address::v6(Buffer(16));
  const ip::Endpoint endpoint{address.value_or(stack == Stack::v4 ? ip::Address() : any_v6), port,
                              scope_id};
  const auto raw = to_socket_address(endpoint, socket_family(stack));
  if (!raw) return fail("cannot bind {}: an IPv4 socket has no IPv6 address", endpoint.text());
  if (bind(socket, raw->raw(), raw->size) == 0) return {};
  const int error = errno;
  return kernel_refused(
      error,
      fmt::format("cannot bind {} port {} to {}", transport == Transport::udp ? "UDP" : "TCP", port,
                  address ? address->text() : "any address"),
      advice_for_bind(error, transport, port));
}

}  // namespace adit::system
