#include "options/listen.h"

#include <algorithm>

namespace adit::options {

namespace {

Listen listen_of(const Connection& connection) {
  return {connection.local, connection.local_port.value_or("1194"), connection.proto};
}

std::string where_of(const Listen& listen) {
  return (listen.host.empty() ? "*" : listen.host) + " " + listen.port + " " +
         (listen.proto.is_tcp() ? "tcp" : "udp");
}

bool any_of_kind(const Config& config, bool tcp) {
  if (config.remotes.listens.empty()) return config.connection.proto.is_tcp() == tcp;
  return std::ranges::any_of(config.remotes.listens,
                             [tcp](const Listen& listen) { return listen.proto.is_tcp() == tcp; });
}

void add(Config& config, const LocalLine& line, const Listen& usual, const Findings& found) {
  Listen listen{line.host == "*" ? std::string() : line.host, line.port.value_or(usual.port),
                line.proto.value_or(usual.proto)};
  Transport& transport = listen.proto.transport;
  if (transport == Transport::tcp) transport = Transport::tcp_server;
  auto& listens = config.remotes.listens;
  if (transport == Transport::tcp_client) {
    found.error_at(line.at, "--local: a server does not call out with tcp-client",
                   "write tcp-server");
  } else if (std::ranges::find(listens, listen) != listens.end()) {
    found.error_at(line.at, "--local: \"" + where_of(listen) + "\" stands there twice",
                   "leave one of the lines out");
  } else {
    listens.push_back(std::move(listen));
  }
}

void complete_single(Config& config, const Findings& found) {
  const auto& locals = config.remotes.locals;
  if (locals.empty()) return;
  if (locals.size() > 1) {
    found.error_at(locals[1].at, "--local: only a server listens in several places",
                   "keep one of the lines");
  }
  const LocalLine& line = locals.front();
  if (line.proto) config.connection.proto = *line.proto;
  if (!line.port) return;
  config.connection.local_port = line.port;
  config.connection.local_port_binds = true;
}

}  // namespace

void complete_listens(Config& config, const Findings& found) {
  Remotes& remotes = config.remotes;
  if (config.mode != Mode::server) return complete_single(config, found);
  if (remotes.locals.empty()) {
    remotes.listens = {listen_of(config.connection)};
    return;
  }
  const Listen usual = listen_of(config.connection);
  for (const LocalLine& line : remotes.locals) add(config, line, usual, found);
  if (remotes.listens.empty()) return;
  const Listen& first = remotes.listens.front();
  config.connection.local = first.host;
  config.connection.local_port = first.port;
  config.connection.proto = first.proto;
}

bool listens_to_udp(const Config& config) { return any_of_kind(config, false); }
bool listens_to_tcp(const Config& config) { return any_of_kind(config, true); }

}  // namespace adit::options
