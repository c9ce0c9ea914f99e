#pragma once

#include "app/client_remotes.h"
#include "app/edge.h"
#include "app/proxy_way.h"

namespace adit::app {

// The link of one attempt, and where the other end is: a TCP connection stands, a UDP end without a
// remote waits to be called.
struct ClientLink {
  Edge::Link link;
  std::optional<ports::LinkAddress> remote;
  std::optional<ip::Endpoint> own_end;  // of a TCP connection
  // The relay in front of a server, if packets go by one, and what keeps it.
  std::optional<ip::Address> way;
  std::unique_ptr<RelayKeeper> keeper;
};

// Opens the links of a client or of one end of a point-to-point tunnel.
class ClientLinks {
 public:
  // All must outlive it.
  ClientLinks(Runtime& runtime, const options::Config& config, ClientRemotes& remotes,
              Remembered& remembered)
      : runtime_(runtime),
        config_(config),
        remotes_(remotes),
        connector_(*runtime.loop),
        proxy_(runtime, config, remembered) {}

  // server: what the connection's remote, or its proxy, resolved to; nothing when it has none.
  // Turns the loop until a TCP connection stands; a signal that comes meanwhile is an error here.
  // An error without words has been told.
  [[nodiscard]] Result<ClientLink> open(const options::Connection& connection,
                                        const std::optional<ip::Address>& server,
                                        std::size_t largest_packet);
  // What the restart after an error is called; empty: nobody was called.
  [[nodiscard]] std::string_view failure() const { return failure_; }

 private:
  Result<ClientLink> open_udp(const options::Connection& connection,
                              const std::optional<ip::Address>& server);
  Result<ClientLink> open_tcp(const options::Connection& connection,
                              const std::optional<ip::Address>& server, std::size_t largest_packet);
  Result<ClientLink> open_relay(const options::Connection& connection, const ip::Address& proxy);
  Result<system::Fd> reach_out(const options::Connection& connection,
                               const std::optional<ip::Address>& server);
  Result<system::Fd> call(const system::TcpConnectSettings& settings);
  Result<system::TcpConnectSettings> call_settings(const options::Connection& connection,
                                                   const ip::Endpoint& remote) const;
  void tell_ends(std::string_view transport, const std::optional<ip::Endpoint>& own,
                 const std::optional<ip::Endpoint>& other);
  Result<system::Fd> accept_one(const options::Connection& connection);

  Runtime& runtime_;
  const options::Config& config_;
  ClientRemotes& remotes_;
  system::TcpConnector connector_;
  ProxyWay proxy_;
  std::string_view failure_;
};

}  // namespace adit::app
