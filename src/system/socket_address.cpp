#include "system/socket_address.h"

#include <cstring>
#include <netinet/in.h>
#include <sys/un.h>

namespace adit::system {

namespace {

void write_v4(const ip::Endpoint& endpoint, SocketAddress& out) {
  auto& address = reinterpret_cast<sockaddr_in&>(out.storage);
  address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(endpoint.port);
  std::memcpy(&address.sin_addr, endpoint.address.bytes().data(), sizeof address.sin_addr);
  out.size = sizeof address;
}

void write_v6(const ip::Endpoint& endpoint, SocketAddress& out) {
  auto& address = reinterpret_cast<sockaddr_in6&>(out.storage);
  address = {};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(endpoint.port);
  if (endpoint.address.is_v6()) {
    address.sin6_scope_id = endpoint.scope_id;
    std::memcpy(&address.sin6_addr, endpoint.address.bytes().data(), sizeof address.sin6_addr);
  } else {
    address.sin6_addr.s6_addr[10] = address.sin6_addr.s6_addr[11] = 0xFF;
    std::memcpy(&address.sin6_addr.s6_addr[12], endpoint.address.bytes().data(), 4);
  }
  out.size = sizeof address;
}

}  // namespace

bool write_endpoint(const ip::Endpoint& endpoint, int socket_family, SocketAddress& out) {
  if (socket_family == AF_INET6) {
    write_v6(endpoint, out);
    return true;
  }
  if (endpoint.address.is_v6()) return false;
  write_v4(endpoint, out);
  return true;
}

std::optional<SocketAddress> to_socket_address(const ip::Endpoint& endpoint, int socket_family) {
  SocketAddress address;
  if (!write_endpoint(endpoint, socket_family, address)) return std::nullopt;
  return address;
}

Result<SocketAddress> unix_address(const std::string& path) {
  SocketAddress made;
  auto& address = reinterpret_cast<sockaddr_un&>(made.storage);
  address = {};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return fail("{} is too long for a socket", path);
  path.copy(address.sun_path, path.size());
  made.size = sizeof address;
  return made;
}

ip::Endpoint to_endpoint(const SocketAddress& address) {
  if (address.storage.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address.storage);
    return {ip::Address::v4(ntohl(v4.sin_addr.s_addr)), ntohs(v4.sin_port), 0};
  }
  if (address.storage.ss_family != AF_INET6) return {};
  const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address.storage);
  ip::Endpoint endpoint{ip::Address::v6(Bytes(v6.sin6_addr.s6_addr)), ntohs(v6.sin6_port), 0};
  // The kernel fills the scope of link-local addresses only; anything else would break equality.
  if (endpoint.address.is_v6() && endpoint.address.is_link_local()) {
    endpoint.scope_id = v6.sin6_scope_id;
  }
  return endpoint;
}

ip::Endpoint local_endpoint(int socket) {
  SocketAddress address;
  if (getsockname(socket, address.raw(), &address.size) != 0) return {};
  return to_endpoint(address);
}

ip::Endpoint remote_endpoint(int socket) {
  SocketAddress address;
  if (getpeername(socket, address.raw(), &address.size) != 0) return {};
  return to_endpoint(address);
}

}  // namespace adit::system
