#include <array>

#include "options/pages.h"
#include "options/reader.h"
#include "options/setters.h"

namespace adit::options {

namespace {

// "fe80::1%eth0"
bool is_scoped_address(std::string_view text) {
  const auto mark = text.find('%');
  return mark != std::string_view::npos && ip::Address::parse_v6(text.substr(0, mark)) &&
         is_host_name(text.substr(mark + 1));
}

void remote(Use& use) {
  const std::string& host = use.word(0);
  if (!ip::Address::parse(host) && !is_host_name(host) && !is_scoped_address(host)) {
    use.error('"' + shown(host) + "\" is neither a host name nor an address",
              "write host, port and protocol as separate words");
    return;
  }
  RemoteLine line{host, std::nullopt, std::nullopt, use.at()};
  if (use.has(1) && !(line.port = use.port(1))) return;
  if (use.has(2) && !(line.proto = use.proto(2))) return;
  if (!use.in_connection()) {
    use.config().remotes.lines.push_back(std::move(line));
    return;
  }
  if (!use.link().remote.empty())
    use.warn("one remote per <connection> block; the last one is used");
  use.link().remote = host;
  if (line.port) use.link().remote_port = *line.port;
  if (line.proto) use.link().proto = *line.proto;
}

void connection_block(Use& use) {
  if (use.is_inline()) {
    use.reader().read_connection(use.word(0), use.at());
  } else {
    use.error("it is a block", "write <connection>, the options of one remote, </connection>");
  }
}

void proto(Use& use) {
  if (const auto proto = use.proto(0)) use.link().proto = *proto;
}

void port(Use& use) {
  const auto port = use.port(0);
  if (!port) return;
  use.link().local_port = *port;
  use.link().remote_port = *port;
}

void rport(Use& use) {
  if (const auto port = use.port(0)) use.link().remote_port = *port;
}

void lport(Use& use) {
  const auto port = use.port(0);
  if (!port) return;
  use.link().local_port = *port;
  use.link().local_port_binds = true;
}

// For a server every line is a socket. What stands at top level also serves <connection> blocks.
void local(Use& use) {
  LocalLine line{use.word(0), std::nullopt, std::nullopt, use.at()};
  if (use.has(1) && !(line.port = use.port(1))) return;
  if (use.has(2) && !(line.proto = use.proto(2))) return;
  Connection& connection = use.link();
  connection.local = line.host == "*" ? std::string() : line.host;
  if (line.host == "*") connection.bind = true;
  if (!use.in_connection()) return use.config().remotes.locals.push_back(std::move(line));
  if (line.proto) connection.proto = *line.proto;
  if (!line.port) return;
  connection.local_port = line.port;
  connection.local_port_binds = true;
}

void multihome(Use& use) {
  Remotes& remotes = use.config().remotes;
  if (use.has(0) && !use.one_of(0, {"same-interface"})) return;
  remotes.multihome = true;
  remotes.multihome_same_interface = use.has(0);
}

void bind(Use& use) {
  use.link().bind = true;
  if (use.word(0) == "ipv6only") {
    use.link().bind_ipv6_only = true;
  } else if (use.has(0)) {
    use.warn('"' + shown(use.word(0)) + "\" is ignored", "only ipv6only is known here");
  }
}

void bind_dev(Use& use) {
  if (use.is_pushed() || use.in_profile()) {
    use.note("a socket that is already in use is not bound anew");
  } else {
    use.config().remotes.bind_device = use.word(0);
  }
}

void mark(Use& use) {
  Remotes& remotes = use.config().remotes;
  remotes.mark_set = use.number(0, remotes.mark, 0, std::numeric_limits<std::uint32_t>::max());
}

void proto_force(Use& use) { use.config().remotes.proto_force = use.proto(0); }

void resolv_retry(Use& use) {
  Remotes& remotes = use.config().remotes;
  if (use.word(0) == "infinite") {
    remotes.resolve_retry.reset();
  } else {
    use.seconds(0, remotes.resolve_retry);
  }
}

void connect_retry(Use& use) {
  use.seconds(0, use.link().connect_retry);
  if (use.has(1)) use.seconds(1, use.link().connect_retry_max);
}

void connect_timeout(Use& use) { set_poll_timeout(use, 0); }

void explicit_exit_notify(Use& use) {
  auto& tries =
      use.is_pushed() ? use.pulled().explicit_exit_notify : use.link().explicit_exit_notify;
  if (use.has(0)) {
    use.number(0, tries);
  } else {
    tries = 1;
  }
}

void sndbuf(Use& use) {
  number_unless_zero(use,
                     use.is_pushed() ? use.pulled().send_buffer : use.config().remotes.send_buffer);
}

void rcvbuf(Use& use) {
  number_unless_zero(
      use, use.is_pushed() ? use.pulled().receive_buffer : use.config().remotes.receive_buffer);
}

bool& no_delay(Use& use) {
  if (use.is_pushed()) return use.pulled().tcp_nodelay;
  if (use.in_profile()) return use.client_profile().tcp_nodelay;
  return use.config().remotes.tcp_nodelay;
}

void socket_flags(Use& use) {
  for (std::size_t i = 0; i < use.count(); ++i) {
    use.choice<bool>(i, no_delay(use), {{"TCP_NODELAY", true}});
  }
}

void mtu_disc(Use& use) {
  using Discovery = Connection::MtuDiscovery;
  use.choice<Discovery>(
      0, use.link().mtu_discovery,
      {{"no", Discovery::no}, {"maybe", Discovery::maybe}, {"yes", Discovery::yes}});
}

void shaper(Use& use) { use.number(0, use.timers().shaper_bytes_per_second, 100, 100'000'000); }

// clang-format off
constexpr std::array connection_rows{
    Row{.name = "remote", .args = {1, 3, "host [port [proto]]"},
        .where = where::anywhere | where::connection, .help = "Server; repeat for failover.",
        .apply = remote},
    Row{.name = "connection", .args = {1, 1, "<block>"}, .where = where::anywhere | where::inside,
        .help = "Connection profile block; exactly one remote.", .apply = connection_block},
    Row{.name = "proto", .args = {1, 1, "udp|tcp|tcp-client|tcp-server, each also with 4 or 6"},
        .where = where::anywhere | where::connection, .help = "Transport.", .apply = proto},
    Row{.name = "port", .args = {1, 1, "port|service"},
        .where = where::anywhere | where::connection, .help = "Local and remote port.",
        .apply = port},
    Row{.name = "rport", .args = {1, 1, "port"}, .where = where::anywhere | where::connection,
        .help = "Remote port.", .apply = rport},
    Row{.name = "lport", .args = {1, 1, "port|service"},
        .where = where::anywhere | where::connection, .help = "Local port (implies bind).",
        .apply = lport},
    Row{.name = "local", .args = {1, 3, "host|* [port [proto]]"},
        .where = where::anywhere | where::connection,
        .help = "Local bind address; a server may have several lines.", .apply = local},
    Row{.name = "bind", .args = {0, 1, "[ipv6only]"}, .where = where::anywhere | where::connection,
        .help = "Bind local address/port; ipv6only clears dual-stack.", .apply = bind},
    Row{.name = "nobind", .where = where::anywhere | where::connection,
        .help = "Do not bind local port.",
        .apply = set_flag<&Config::connection, &Connection::nobind>},
    Row{.name = "float", .where = where::anywhere | where::connection,
        .help = "Accept authenticated packets from new address.",
        .apply = set_flag<&Config::connection, &Connection::floats>},
    Row{.name = "bind-dev", .args = {1, many, "device"},
        .where = where::anywhere | where::pushed | where::profile,
        .help = "Bind link socket to interface (VRF).", .apply = bind_dev},
    Row{.name = "mark", .args = {1, 1, "n"}, .help = "SO_MARK on encrypted packets.",
        .apply = mark},
    Row{.name = "multihome", .args = {0, 1, "[same-interface]"},
        .help = "Reply from the address the packet was sent to.", .apply = multihome},
    Row{.name = "remote-random", .help = "Shuffle remotes at start.",
        .apply = set_flag<&Config::remotes, &Remotes::random>},
    Row{.name = "proto-force", .args = {1, 1, "proto"},
        .help = "Use only remotes of this protocol.", .apply = proto_force},
    Row{.name = "resolv-retry", .args = {1, 1, "sec|infinite"}, .help = "Retry host resolution.",
        .apply = resolv_retry},
    Row{.name = "connect-retry", .args = {1, 2, "n [max]"},
        .where = where::anywhere | where::connection,
        .help = "Seconds between attempts; doubles after each full round up to max.",
        .apply = connect_retry},
    Row{.name = "connect-retry-max", .args = {1, 1, "n"},
        .where = where::anywhere | where::connection,
        .help = "Rounds over the remote list before exit.",
        .apply = set_number<&Config::connection, &Connection::connect_retry_rounds>},
    Row{.name = "connect-timeout", .args = {1, 1, "sec"},
        .where = where::anywhere | where::connection, .help = "Alias of server-poll-timeout.",
        .apply = connect_timeout},
    Row{.name = "server-poll-timeout", .args = {1, 1, "sec"},
        .where = where::anywhere | where::connection, .help = "Try next remote after silence.",
        .apply = connect_timeout},
    Row{.name = "explicit-exit-notify", .args = {0, 1, "[n]"},
        .where = where::anywhere | where::pushed | where::connection,
        .change = Change::now,
        .help = "UDP: tell peer on exit/restart, n tries.", .apply = explicit_exit_notify},
    Row{.name = "sndbuf", .args = {1, 1, "bytes"}, .where = where::anywhere | where::pushed,
        .help = "SO_SNDBUF.", .apply = sndbuf},
    Row{.name = "rcvbuf", .args = {1, 1, "bytes"}, .where = where::anywhere | where::pushed,
        .help = "SO_RCVBUF.", .apply = rcvbuf},
    Row{.name = "socket-flags", .args = {0, many, "flag..."},
        .where = where::anywhere | where::pushed | where::profile, .help = "Socket flags.",
        .apply = socket_flags},
    Row{.name = "tcp-nodelay",
        .help = "TCP_NODELAY, server also pushes it.",
        .apply = set_flag<&Config::server, &Server::tcp_nodelay>},
    Row{.name = "mtu-disc", .args = {1, 1, "no|maybe|yes"},
        .where = where::anywhere | where::connection, .help = "Path MTU discovery mode of socket.",
        .apply = mtu_disc},
    Row{.name = "passtos",
        .help = "Outer packets take the TOS or traffic class of the inner ones.",
        .apply = set_flag<&Config::remotes, &Remotes::pass_tos>},
    Row{.name = "shaper", .args = {1, 1, "bytes/s 100..100000000"},
        .where = where::anywhere | where::pushed,
        .help = "Limit outgoing tunnel data to so much on the link (p2p/client).",
        .apply = shaper},
    Row{.name = "allow-recursive-routing",
        .help = "Do not drop tunnel-bound packets addressed to VPN server.",
        .apply = set_flag<&Config::client, &Client::allow_recursive_routing>},
    Row{.name = "persist-local-ip", .help = "Keep resolved local IP across SIGUSR1.",
        .apply = set_flag<&Config::client, &Client::persist_local_ip>},
    Row{.name = "persist-remote-ip", .help = "Keep authenticated remote IP across SIGUSR1.",
        .apply = set_flag<&Config::client, &Client::persist_remote_ip>},
    Row{.name = "remote-random-hostname", .help = "Prefix host with random label.",
        .apply = set_flag<&Config::remotes, &Remotes::random_hostname>},
    Row{.name = "preresolve", .args = {0, 1}, .state = State::accepted,
        .note = "names are resolved anew at each attempt", .help = "Resolve all remotes at start."},
    Row{.name = "ip-remote-hint", .args = {0, 1, "ip"}, .state = State::accepted,
        .note = "names are resolved anew at each attempt", .help = "Internal pre-resolve hint."},
};
// clang-format on

}  // namespace

Page connection_page() { return {"Reaching the peer", connection_rows}; }

}  // namespace adit::options
