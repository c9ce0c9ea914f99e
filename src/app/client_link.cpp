#include "app/client_link.h"

#include <net/if.h>

#include "app/management_host.h"
#include "base/text.h"
#include "node/lines.h"
#include "system/socket_address.h"

namespace adit::app {

namespace {

// Of "fe80::1%eth0".
std::uint32_t scope_of(const std::string& host) {
  const auto mark = host.find('%');
  if (mark == std::string::npos) return 0;
  const std::string scope = host.substr(mark + 1);
  const unsigned named = if_nametoindex(scope.c_str());
  return named != 0 ? named : to_number<std::uint32_t>(scope).value_or(0);
}

// The server's or its proxy's.
Result<ip::Endpoint> first_end(const options::Connection& connection,
                               const std::optional<ip::Address>& address) {
  if (!address) return fail("there is no remote to connect to");
  const auto port = port_number(first_port(connection), "the remote port");
  if (!port) return fail_with(port.error());
  const bool direct = !connection.http_proxy && !connection.socks_proxy;
  return ip::Endpoint{*address, *port, direct ? scope_of(connection.remote) : 0};
}

Error refusal(const ip::Endpoint& remote, const Error& error) {
  std::string_view why = error.what;
  const auto colon = why.rfind(": ");
  if (colon != std::string_view::npos) why.remove_prefix(colon + 2);
  return {node::lines::tcp_refused(remote, why), error.advice};
}

}  // namespace

Result<ClientLink> ClientLinks::open(const options::Connection& connection,
                                     const std::optional<ip::Address>& server,
                                     std::size_t largest_packet) {
  failure_ = {};
  const std::string& device = config_.remotes.bind_device;
  if (!device.empty()) runtime_.log.info(1, "Using bind-dev {}", device);
  if (connection.proto.is_tcp()) return open_tcp(connection, server, largest_packet);
  if (connection.socks_proxy && server) return open_relay(connection, *server);
  return open_udp(connection, server);
}

Result<ClientLink> ClientLinks::open_udp(const options::Connection& connection,
                                         const std::optional<ip::Address>& server) {
  ClientLink made;
  std::optional<ip::Family> family;
  if (server) {
    const auto remote = first_end(connection, server);
    if (!remote) return fail_with(remote.error());
    made.remote.emplace().remote = *remote;
    family = server->family();
    runtime_.log.info(1, "{}", node::lines::remote_to_use(*remote));
  }
  auto udp = app::open_udp(config_, connection, family, runtime_.log);
  if (!udp) return fail_with(udp.error());
  made.link.udp.emplace_back().push_back(std::move(*udp));
  std::optional<ip::Endpoint> own, other;
  if (!connection.nobind) own = made.link.udp[0][0]->local();
  if (made.remote) other = made.remote->remote;
  tell_ends(family == ip::Family::v6 ? "UDPv6" : "UDPv4", own, other);
  return made;
}

Result<ClientLink> ClientLinks::open_tcp(const options::Connection& connection,
                                         const std::optional<ip::Address>& server,
                                         std::size_t largest_packet) {
  failure_ = node::lines::connection_failed;
  auto tcp = system::TcpLink::create({.largest_packet = largest_packet});
  if (!tcp) return fail_with(tcp.error());
  auto socket = connection.proto.transport == options::Transport::tcp_server
                    ? accept_one(connection)
                    : reach_out(connection, server);
  if (!socket) return fail_with(socket.error());
  const ip::Endpoint own_end = system::local_endpoint(socket->get());
  auto stream = (*tcp)->adopt(std::move(*socket));
  if (!stream) return fail_with(stream.error());
  ClientLink made;
  made.remote = (*tcp)->address(*stream);
  made.own_end = own_end;
  made.link.tcp = std::move(*tcp);
  const bool v6 = made.remote->remote.address.is_v6();
  const bool listens = connection.proto.transport == options::Transport::tcp_server;
  if (listens) runtime_.log.info(1, "{}", node::lines::tcp_established(made.remote->remote));
  std::optional<ip::Endpoint> own;
  if (listens || !connection.nobind) own = own_end;
  tell_ends(fmt::format("TCPv{}_{}", v6 ? 6 : 4, listens ? "SERVER" : "CLIENT"), own,
            made.remote->remote);
  return made;
}

void ClientLinks::tell_ends(std::string_view transport, const std::optional<ip::Endpoint>& own,
                            const std::optional<ip::Endpoint>& other) {
  runtime_.log.info(1, "{}", node::lines::link_local(transport, own));
  runtime_.log.info(1, "{}", node::lines::link_remote(transport, other));
}

Result<system::TcpConnectSettings> ClientLinks::call_settings(const options::Connection& connection,
                                                              const ip::Endpoint& remote) const {
  system::TcpConnectSettings settings;
  settings.remote = remote;
  settings.socket = tcp_socket_settings(config_);
  settings.timeout = connection.server_poll_timeout;
  if (connection.nobind) return settings;
  if (!connection.local.empty()) settings.local = ip::Address::parse(connection.local);
  // With a proxy for datagrams the port is theirs.
  if (connection.local_port_binds && connection.local_port && connection.proto.is_tcp()) {
    const auto local = port_number(*connection.local_port, "lport");
    if (!local) return fail_with(local.error());
    settings.local_port = *local;
  }
  return settings;
}

// To the server, or to its proxy and with that one's help to the server.
Result<system::Fd> ClientLinks::reach_out(const options::Connection& connection,
                                          const std::optional<ip::Address>& server) {
  const auto remote = first_end(connection, server);
  if (!remote) return fail_with(remote.error());
  const auto settings = call_settings(connection, *remote);
  if (!settings) return fail_with(settings.error());
  const auto connect = [&]() -> Result<system::Fd> {
    failure_ = node::lines::connection_failed;
    auto socket = call(*settings);
    if (!socket) return socket;
    if (connection.http_proxy) failure_ = node::lines::http_proxy_failed;
    if (connection.socks_proxy) failure_ = node::lines::socks_proxy_failed;
    return socket;
  };
  if (connection.http_proxy) return proxy_.by_http(connection, connect);
  if (connection.socks_proxy) return proxy_.by_socks(connection, connect);
  return connect();
}

Result<system::Fd> ClientLinks::call(const system::TcpConnectSettings& settings) {
  runtime_.log.info(1, "{}", node::lines::remote_to_use(settings.remote));
  runtime_.log.info(1, "{}", node::lines::tcp_attempt(settings.remote));
  tell_state(runtime_, {"TCP_CONNECT"});
  std::optional<Result<system::Fd>> answer;
  connector_.connect(settings, [&](Result<system::Fd> socket) { answer = std::move(socket); });
  runtime_.wait([&] { return answer.has_value(); });
  connector_.cancel();
  if (!answer) return fail("interrupted");
  if (!*answer) return fail_with(refusal(settings.remote, answer->error()));
  runtime_.log.info(1, "{}", node::lines::tcp_established(settings.remote));
  return std::move(*answer);
}

// Datagrams by way of a SOCKS proxy, which looks no names up for them.
Result<ClientLink> ClientLinks::open_relay(const options::Connection& connection,
                                           const ip::Address& proxy) {
  const auto end = first_end(connection, proxy);
  if (!end) return fail_with(end.error());
  const auto settings = call_settings(connection, *end);
  if (!settings) return fail_with(settings.error());
  const auto port = port_number(connection.remote_port, "the remote port");
  if (!port) return fail_with(port.error());
  auto relay = proxy_.relay_by_socks(connection, proxy, [&] {
    failure_ = node::lines::connection_failed;
    auto socket = call(*settings);
    if (socket) failure_ = node::lines::socks_proxy_failed;
    return socket;
  });
  if (!relay) return fail_with(relay.error());
  runtime_.log.info(1, "{}", node::lines::socks_relay(relay->at));
  failure_ = node::lines::socks_resolve_failed;
  const auto server = remotes_.find_behind();
  if (!server) return fail_with({});
  failure_ = {};
  ClientLink made;
  auto udp = app::open_udp(config_, connection, relay->at.address.family(), runtime_.log);
  if (!udp) return fail_with(udp.error());
  made.link.udp.emplace_back().push_back(std::move(*udp));
  made.remote.emplace().remote = {*server, *port, 0};
  made.link.relay =
      std::make_unique<system::SocksLink>(*made.link.udp[0][0], relay->at, made.remote->remote);
  made.way = relay->at.address;
  made.keeper = std::make_unique<RelayKeeper>(*runtime_.loop, std::move(relay->keeper), [this] {
    runtime_.log.info(1, "The SOCKS proxy has closed its connection: its relay is gone");
    runtime_.raise({SIGUSR1, false, std::string(node::lines::socks_proxy_failed), 0});
  });
  std::optional<ip::Endpoint> own;
  if (!connection.nobind) own = made.link.udp[0][0]->local();
  tell_ends("UDPv4", own, made.remote->remote);
  return made;
}

// A point-to-point end that listens.
Result<system::Fd> ClientLinks::accept_one(const options::Connection& connection) {
  system::TcpListenSettings settings;
  settings.socket = tcp_socket_settings(config_);
  const auto port = port_number(connection.local_port.value_or("1194"), "the local port");
  if (!port) return fail_with(port.error());
  settings.local_port = *port;
  if (!connection.local.empty()) settings.local = ip::Address::parse(connection.local);
  if (connection.proto.family == ip::Family::v6) settings.stack = system::Stack::dual;
  std::optional<Result<system::Fd>> answer;
  auto listener =
      system::TcpListener::open(*runtime_.loop, settings, [&](Result<system::Fd> socket) {
        if (!answer) answer = std::move(socket);
      });
  if (!listener) return fail_with(listener.error());
  runtime_.log.info(1, "{}", node::lines::tcp_listening((*listener)->local()));
  runtime_.wait([&] { return answer.has_value(); });
  if (!answer) return fail("interrupted");
  return std::move(*answer);
}

}  // namespace adit::app
