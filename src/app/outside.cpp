#include "app/outside.h"

#include <algorithm>

#include "base/text.h"
#include "node/instance_facts.h"
#include "node/lane_count.h"
#include "node/lines.h"
#include "node/mtu_setup.h"
#include "options/listen.h"
#include "system/resolver.h"
#include "system/service_port.h"
#include "system/task_limit.h"
#include "system/thread.h"

namespace adit::app {

system::SocketSettings socket_settings(const options::Config& config) {
  system::SocketSettings settings;
  settings.receive_buffer = config.remotes.receive_buffer;
  settings.send_buffer = config.remotes.send_buffer;
  if (config.remotes.mark_set) settings.mark = config.remotes.mark;
  settings.device = config.remotes.bind_device;
  return settings;
}

// Over a path that silently loses large packets a TCP connection stands still for ever, and nobody
// learns of it. An outer packet of 1200 bytes, with IPv6 and options, gets through nearly
// everywhere and costs one byte in a hundred; whoever announces it binds both ends.
system::SocketSettings tcp_socket_settings(const options::Config& config) {
  constexpr unsigned segment_bytes = 1128;
  system::SocketSettings settings = socket_settings(config);
  settings.tcp_segment = segment_bytes;
  return settings;
}

Result<std::uint16_t> port_number(const std::string& text, std::string_view what) {
  if (const auto port = to_number<std::uint16_t>(text)) return *port;
  if (const auto port = system::port_of_service(text)) return *port;
  return fail_with({fmt::format("{} \"{}\" is neither a number nor a service that this host knows",
                                what, printable(text)),
                    "write the number; /etc/services has the names"});
}

namespace {

system::UdpSettings::MtuDiscovery discovery_of(const options::Connection& connection) {
  using Wish = options::Connection::MtuDiscovery;
  using Discovery = system::UdpSettings::MtuDiscovery;
  switch (connection.mtu_discovery) {
    case Wish::no:
      return Discovery::no;
    case Wish::maybe:
      return Discovery::maybe;
    case Wish::yes:
      return Discovery::yes;
    case Wish::system:
      break;
  }
  return node::finds_path_mtu(connection) ? Discovery::probe : Discovery::system;
}

}  // namespace

std::size_t lanes_of(const options::Config& config) {
  if (config.mode != options::Mode::server || options::listens_to_tcp(config)) return 1;
  if (config.fast.lanes > 0) return config.fast.lanes;
  return node::usual_lanes(system::cores(), system::task_limit());
}

namespace {

// A name is looked up at once: nothing goes on without a socket.
Result<ip::Address> local_address(const std::string& host, std::optional<ip::Family> family) {
  if (const auto address = ip::Address::parse(host)) return *address;
  const auto found = system::Resolver::ask_host(host, family);
  if (found && !found->empty()) return found->front();
  return fail("local \"{}\" is not an address of this host", printable(host));
}

Result<system::UdpSettings> udp_settings(const options::Config& config,
                                         const options::Connection& connection,
                                         std::optional<ip::Family> remote_family, const Log& log) {
  system::UdpSettings settings;
  settings.socket = socket_settings(config);
  settings.bind = !connection.nobind;
  settings.multihome = config.remotes.multihome;
  settings.same_interface = config.remotes.multihome_same_interface;
  const auto port = port_number(connection.local_port.value_or("1194"), "the local port");
  if (!port) return fail_with(port.error());
  settings.local_port = *port;
  if (!connection.local.empty()) {
    const auto local = local_address(connection.local, connection.proto.family);
    if (!local) return fail_with(local.error());
    settings.local = *local;
  }
  auto family = connection.proto.family;
  if (!family && settings.local) family = settings.local->family();
  if (!family) family = remote_family;
  if (!family && settings.bind) {
    log.info(1, "{}. Using AF_INET", node::lines::no_protocol);
  }
  if (family == ip::Family::v6) {
    settings.stack = connection.bind_ipv6_only ? system::Stack::v6_only : system::Stack::dual;
  }
  settings.mtu_discovery = discovery_of(connection);
  settings.trains = config.fast.udp_offload;
  return settings;
}

void log_buffers(const system::UdpLink& link, const Log& log) {
  const auto before = link.buffers_at_first();
  const auto after = link.buffers();
  log.info(3, "Socket Buffers: R=[{}->{}] S=[{}->{}]", before.receive, after.receive, before.send,
           after.send);
  log.info(3, "UDP offloads in use: {}", node::offloads_text(link.offloads()));
}

}  // namespace

Result<std::unique_ptr<system::UdpLink>> open_udp(const options::Config& config,
                                                  const options::Connection& connection,
                                                  std::optional<ip::Family> remote_family,
                                                  const Log& log) {
  const auto settings = udp_settings(config, connection, remote_family, log);
  if (!settings) return fail_with(settings.error());
  auto link = system::UdpLink::open(*settings);
  if (link) log_buffers(**link, log);
  return link;
}

Result<std::vector<std::unique_ptr<system::UdpLink>>> open_udp_server(const options::Config& config,
                                                                      const options::Listen& listen,
                                                                      std::size_t count,
                                                                      const Log& log) {
  options::Connection connection = config.connection;
  connection.local = listen.host;
  connection.local_port = listen.port;
  connection.proto = listen.proto;
  const auto settings = udp_settings(config, connection, std::nullopt, log);
  if (!settings) return fail_with(settings.error());
  auto links = system::open_udp_group(*settings, count);
  if (!links) return links;
  if (links->size() < count) {
    log.warn("this kernel cannot steer packets to sockets of one port: one pair of lanes is used");
  }
  log_buffers(*links->front(), log);
  return links;
}

Result<system::TcpListenSettings> tcp_listen_settings(const options::Config& config,
                                                      const options::Listen& listen) {
  system::TcpListenSettings settings;
  settings.socket = tcp_socket_settings(config);
  const auto port = port_number(listen.port, "the local port");
  if (!port) return fail_with(port.error());
  settings.local_port = *port;
  auto family = listen.proto.family;
  if (!listen.host.empty()) {
    const auto local = local_address(listen.host, family);
    if (!local) return fail_with(local.error());
    settings.local = *local;
    if (!family) family = local->family();
  }
  if (family == ip::Family::v6) {
    settings.stack =
        config.connection.bind_ipv6_only ? system::Stack::v6_only : system::Stack::dual;
  }
  return settings;
}

}  // namespace adit::app
