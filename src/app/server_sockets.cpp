#include "app/server_sockets.h"

#include "node/lines.h"
#include "options/listen.h"

namespace adit::app {

Result<Edge::Link> ServerSockets::open(const Sizes& sizes) {
  Edge::Link link;
  if (options::listens_to_tcp(config_)) {
    if (Status opened = open_tcp(sizes, link); !opened) return fail_with(opened.error());
  }
  for (const options::Listen& where : config_.remotes.listens) {
    if (where.proto.is_tcp()) {
      if (Status listening = listen(where); !listening) return fail_with(listening.error());
      continue;
    }
    // A kernel that cannot steer gave the first place one socket; the others follow.
    const std::size_t count = link.udp.empty() ? sizes.lanes : link.udp.front().size();
    auto udp = open_udp_server(config_, where, count, runtime_.log);
    if (!udp) return fail_with(udp.error());
    tell("UDPv{}", udp->front()->local());
    link.udp.push_back(std::move(*udp));
  }
  return link;
}

Status ServerSockets::open_tcp(const Sizes& sizes, Edge::Link& link) {
  constexpr std::size_t on_their_way = 64;
  auto tcp = system::TcpLink::create({.largest_packet = sizes.largest_packet,
                                      .queue_packets = config_.server.tcp_queue_limit,
                                      .most_streams = sizes.most_peers + on_their_way});
  if (!tcp) return fail_with(tcp.error());
  auto share =
      PortShare::create(runtime_, config_, [this](system::Fd socket) { adopt(std::move(socket)); });
  if (!share) return fail_with(share.error());
  share_ = std::move(*share);
  tcp_ = tcp->get();
  link.tcp = std::move(*tcp);
  return {};
}

Status ServerSockets::listen(const options::Listen& where) {
  const auto settings = tcp_listen_settings(config_, where);
  if (!settings) return fail_with(settings.error());
  auto listener =
      system::TcpListener::open(*runtime_.loop, *settings, [this](Result<system::Fd> socket) {
        if (!socket) return runtime_.log.error("{}", socket.error().text());
        share_ ? share_->take(std::move(*socket)) : adopt(std::move(*socket));
      });
  if (!listener) return fail_with(listener.error());
  const ip::Endpoint own = (*listener)->local();
  runtime_.log.info(1, "{}", node::lines::tcp_listening(own));
  tell("TCPv{}_SERVER", own);
  listeners_.push_back(std::move(*listener));
  return {};
}

void ServerSockets::adopt(system::Fd socket) {
  const auto stream = tcp_->adopt(std::move(socket));
  if (!stream) return runtime_.log.mutable_error(5, "{}", stream.error().text());
  if (const auto from = tcp_->address(*stream)) met_(*from);
}

void ServerSockets::tell(const char* kind, const ip::Endpoint& own) {
  const std::string transport = fmt::format(fmt::runtime(kind), own.address.is_v4() ? 4 : 6);
  runtime_.log.info(1, "{}", node::lines::link_local(transport, own));
  runtime_.log.info(1, "{}", node::lines::link_remote(transport, {}));
}

}  // namespace adit::app
