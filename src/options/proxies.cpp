#include "options/proxies.h"

#include <algorithm>

namespace adit::options {

void complete_proxy(const Config& config, Connection& connection) {
  auto& http = connection.http_proxy;
  const auto& top = config.connection.http_proxy;
  if (http && top && !http->credentials.defined()) http->credentials = top->credentials;
  if (connection.socks_proxy && !connection.proto.is_tcp()) {
    connection.proto.family = ip::Family::v4;
  }
}

void override_proxies(Config& config, const Findings& found) {
  Remotes& remotes = config.remotes;
  if (!remotes.http_proxy_override) return;
  const auto is_tcp = [](const Connection& one) { return one.proto.is_tcp(); };
  if (!std::ranges::any_of(remotes.list, is_tcp)) {
    found.note("http-proxy-override",
               "option http-proxy-override ignored because no TCP-based connection profiles are "
               "defined");
    return;
  }
  for (Connection& connection : remotes.list) {
    if (is_tcp(connection)) connection.http_proxy = remotes.http_proxy_override;
  }
}

namespace {

void check_http_proxy(const Connection& connection, const Findings& found) {
  if (!connection.http_proxy->defined()) {
    const bool files = found.said("http-proxy-user-pass");
    found.error(files ? "http-proxy-user-pass" : "http-proxy-option",
                "--http-proxy not specified but other http proxy options present",
                "write \"http-proxy HOST PORT\", or remove them");
    return;
  }
  if (connection.socks_proxy) {
    found.error("http-proxy", "--http-proxy can not be used together with --socks-proxy");
  }
  if (connection.proto.transport != Transport::tcp_client) {
    found.error("http-proxy",
                "--http-proxy MUST be used in TCP Client mode (i.e. --proto tcp-client)",
                "an HTTP proxy carries nothing but TCP: write \"proto tcp-client\", if the server "
                "listens on TCP as well");
  }
}

void check_socks_proxy(const Connection& connection, const Findings& found) {
  if (connection.proto.transport == Transport::tcp_server) {
    found.error("socks-proxy", "--socks-proxy can not be used in TCP Server mode");
  }
  if (connection.remote.empty()) {
    found.error("socks-proxy", "a proxy has to be told whom to reach",
                "write \"remote HOST PORT\"");
  }
  if (connection.proto.is_tcp()) return;
  found.note("socks-proxy", "with --proto udp a SOCKS proxy is used by IPv4 only");
}

}  // namespace

void check_proxy(const Connection& connection, const Findings& found) {
  if (connection.http_proxy) check_http_proxy(connection, found);
  if (connection.socks_proxy) check_socks_proxy(connection, found);
}

}  // namespace adit::options
