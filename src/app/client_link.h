#pragma once

#include "app/edge.h"

namespace adit::app {

// The link of one attempt, and where the other end is: a TCP connection stands, a UDP end without a
// remote waits to be called.
struct ClientLink {
  Edge::Link link;
  std::optional<ports::LinkAddress> remote;
  std::optional<ip::Endpoint> own_end;  // of a TCP connection
};

// Opens the links of a client or of one end of a point-to-point tunnel.
class ClientLinks {
 public:
  ClientLinks(Runtime& runtime, const options::Config& config)
      : runtime_(runtime), config_(config), connector_(*runtime.loop) {}

  // server: what the connection's remote resolved to; nothing when it has none. Turns the loop
  // until a TCP connection stands; a signal that comes meanwhile is an error here.
  [[nodiscard]] Result<ClientLink> open(const options::Connection& connection,
                                        const std::optional<ip::Address>& server,
                                        std::size_t largest_packet);

 private:
  Result<ClientLink> open_udp(const options::Connection& connection,
                              const std::optional<ip::Address>& server);
  Result<ClientLink> open_tcp(const options::Connection& connection,
                              const std::optional<ip::Address>& server, std::size_t largest_packet);
  Result<system::Fd> reach_out(const options::Connection& connection,
                               const std::optional<ip::Address>& server);
  void tell_ends(std::string_view transport, const std::optional<ip::Endpoint>& own,
                 const std::optional<ip::Endpoint>& other);
  Result<system::Fd> accept_one(const options::Connection& connection);

  Runtime& runtime_;
  const options::Config& config_;
  system::TcpConnector connector_;
};

}  // namespace adit::app
