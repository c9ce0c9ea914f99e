#include "app/edge.h"

#include "base/text.h"
#include "node/mtu_setup.h"

namespace adit::app {

Result<std::unique_ptr<Edge>> Edge::create(Runtime& runtime, const plane::PlaneSetup& setup,
                                           system::LateTun& tun, Link link) {
  std::unique_ptr<Edge> edge(new Edge(runtime, tun, std::move(link)));
  for (auto* bell : {&edge->control_bell_, &edge->up_bell_, &edge->down_bell_}) {
    auto made = system::EventDoorbell::create();
    if (!made) return fail_with(made.error());
    *bell = std::move(*made);
  }
  if (Status watched = runtime.loop->watch(*edge->control_bell_, [] {}); !watched) {
    return fail_with(watched.error());
  }
  edge->plane_ = std::make_unique<plane::DataPlane>(
      setup,
      plane::DataPlane::Surroundings{{{tun, edge->link(), *edge->up_bell_, *edge->down_bell_}},
                                     *edge->control_bell_,
                                     runtime.rng});
  return edge;
}

Edge::~Edge() {
  stop();
  if (control_bell_) runtime_.loop->unwatch(*control_bell_);
}

ports::LinkPort& Edge::link() {
  if (link_.udp) return *link_.udp;
  return *link_.tcp;
}

Status Edge::start() {
  plane::DataPlane* plane = plane_.get();
  system::TcpLink* tcp = link_.tcp.get();
  system::LaneThread::Parts up{"adit-up", {tun_.fd()}, nullptr, *up_bell_};
  if (tcp != nullptr) up.fds.push_back(tcp->write_fd());
  up.turn = [plane, tcp](Instant now, WallTime wall) {
    const std::size_t moved = plane->up().turn(now, wall);
    const bool flushed = tcp != nullptr && tcp->flush();
    return std::max<std::size_t>(moved, flushed ? 1 : 0);
  };
  auto up_thread = system::LaneThread::start(std::move(up));
  if (!up_thread) return fail_with(up_thread.error());
  up_ = std::move(*up_thread);

  const int link_fd = tcp != nullptr ? tcp->read_fd() : link_.udp->fd();
  system::LaneThread::Parts down{"adit-down", {link_fd}, nullptr, *down_bell_};
  down.turn = [plane](Instant now, WallTime) { return plane->down().turn(now); };
  auto down_thread = system::LaneThread::start(std::move(down));
  if (!down_thread) return fail_with(down_thread.error());
  down_ = std::move(*down_thread);
  return {};
}

void Edge::stop() {
  down_.reset();
  up_.reset();
}

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
  const auto port = to_number<std::uint16_t>(text);
  if (!port) return fail("{} \"{}\" is not a port number", what, printable(text));
  return *port;
}

Result<std::unique_ptr<system::UdpLink>> open_udp(const options::Config& config,
                                                  const options::Connection& connection,
                                                  std::optional<ip::Family> remote_family,
                                                  Log log) {
  system::UdpSettings settings;
  settings.socket = socket_settings(config);
  settings.bind = !connection.nobind;
  settings.multihome = config.remotes.multihome;
  const auto port = port_number(connection.local_port.value_or("1194"), "the local port");
  if (!port) return fail_with(port.error());
  settings.local_port = *port;
  if (!connection.local.empty()) {
    settings.local = ip::Address::parse(connection.local);
    if (!settings.local) {
      return fail("local \"{}\" is not an address of this host", printable(connection.local));
    }
  }
  auto family = connection.proto.family;
  if (!family && settings.local) family = settings.local->family();
  if (!family) family = remote_family;
  if (!family && settings.bind) {
    log.info(1, "Could not determine IPv4/IPv6 protocol. Using AF_INET");
  }
  if (family == ip::Family::v6) {
    settings.stack = connection.bind_ipv6_only ? system::Stack::v6_only : system::Stack::dual;
  }
  using Discovery = options::Connection::MtuDiscovery;
  switch (connection.mtu_discovery) {
    case Discovery::system:
      if (node::finds_path_mtu(connection)) {
        settings.mtu_discovery = system::UdpSettings::MtuDiscovery::probe;
      }
      break;
    case Discovery::no:
      settings.mtu_discovery = system::UdpSettings::MtuDiscovery::no;
      break;
    case Discovery::maybe:
      settings.mtu_discovery = system::UdpSettings::MtuDiscovery::maybe;
      break;
    case Discovery::yes:
      settings.mtu_discovery = system::UdpSettings::MtuDiscovery::yes;
      break;
  }
  auto link = system::UdpLink::open(settings);
  if (!link) return link;
  const auto before = (*link)->buffers_at_first();
  const auto after = (*link)->buffers();
  log.info(3, "Socket Buffers: R=[{}->{}] S=[{}->{}]", before.receive, after.receive, before.send,
           after.send);
  return link;
}

}  // namespace adit::app
