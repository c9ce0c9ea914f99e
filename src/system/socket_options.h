#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "ip/address.h"
#include "system/fd.h"
#include "system/holders.h"

namespace adit::system {

// Which address family a socket speaks. dual: an IPv6 socket that also carries IPv4.
enum class Stack { v4, v6_only, dual };

// What UDP and TCP sockets have in common.
struct SocketSettings {
  std::optional<unsigned> receive_buffer;  // rcvbuf, sndbuf; nothing: a good default
  std::optional<unsigned> send_buffer;
  std::optional<std::uint32_t> mark;
  std::string device;                   // bind-dev
  std::optional<unsigned> tcp_segment;  // TCP only: the largest segment, both ways, in bytes
};

struct BufferSizes {
  int receive = 0;
  int send = 0;
};

// A non-blocking socket. type: SOCK_DGRAM, SOCK_STREAM
[[nodiscard]] Result<Fd> open_socket(int type, Stack stack);
[[nodiscard]] int socket_family(Stack stack);
[[nodiscard]] Status apply_settings(int socket, const SocketSettings& settings);

[[nodiscard]] BufferSizes buffer_sizes(int socket);
// In bytes; nothing: as it is. What the kernel makes of it buffer_sizes tells.
void resize_buffers(int socket, std::optional<unsigned> receive, std::optional<unsigned> send);

// address: nothing means every address of the host
[[nodiscard]] Status bind_socket(int socket, Transport transport, Stack stack,
                                 const std::optional<ip::Address>& address, std::uint16_t port,
                                 std::uint32_t scope_id = 0);

}  // namespace adit::system
