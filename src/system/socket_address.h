#pragma once

#include <optional>
#include <sys/socket.h>

#include "base/result.h"
#include "ip/address.h"

namespace adit::system {

// An endpoint or a path in the kernel's form.
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = sizeof(sockaddr_storage);

  [[nodiscard]] sockaddr* raw() { return reinterpret_cast<sockaddr*>(&storage); }
  [[nodiscard]] const sockaddr* raw() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

[[nodiscard]] inline int family_number(ip::Family family) {
  return family == ip::Family::v4 ? AF_INET : AF_INET6;
}

// IPv4 endpoints go mapped into an AF_INET6 socket; IPv6 ones do not fit into AF_INET.
[[nodiscard]] bool write_endpoint(const ip::Endpoint& endpoint, int socket_family,
                                  SocketAddress& out);
[[nodiscard]] std::optional<SocketAddress> to_socket_address(const ip::Endpoint& endpoint,
                                                             int socket_family);
// Of a unix socket; an error: the path is too long for one.
[[nodiscard]] Result<SocketAddress> unix_address(const std::string& path);
// Mapped IPv4 addresses become IPv4.
[[nodiscard]] ip::Endpoint to_endpoint(const SocketAddress& address);

[[nodiscard]] ip::Endpoint local_endpoint(int socket);
[[nodiscard]] ip::Endpoint remote_endpoint(int socket);

}  // namespace adit::system
