#pragma once

#include <string>
#include <vector>

#include "base/time.h"
#include "ip/address.h"

namespace adit::node {

// Status files as monitors expect them, byte for byte. source: surfaces 10.
struct ClientRow {
  std::string common_name;  // "UNDEF" before it is known
  std::string real_address;
  std::string v4, v6;
  std::uint64_t bytes_received = 0, bytes_sent = 0;
  WallTime connected;
  std::string username;
  std::uint64_t client_id = 0;
  std::uint32_t peer_id = 0;
  std::string cipher;
};
struct RouteRow {
  std::string address;  // "10.8.0.2", "192.168.33.0/24"
  std::string common_name;
  std::string real_address;
  WallTime last_reference;
};
struct ServerStatus {
  std::string title;  // first line of --version
  WallTime now;
  std::vector<ClientRow> clients;
  std::vector<RouteRow> routes;
};
// version 1, 2 (comma) or 3 (tab)
[[nodiscard]] std::string render_server_status(const ServerStatus& status, int version);

// As they are on the wire.
struct LinkBytes {
  std::uint64_t received = 0, sent = 0;

  LinkBytes& operator+=(const LinkBytes& more) {
    received += more.received;
    sent += more.sent;
    return *this;
  }
};

struct ClientStatus {
  WallTime now;
  std::uint64_t tun_read = 0, tun_write = 0, link_read = 0, link_write = 0, auth_read = 0;
};
[[nodiscard]] std::string render_client_status(const ClientStatus& status);

}  // namespace adit::node
