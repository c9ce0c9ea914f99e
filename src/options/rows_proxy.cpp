#include <array>

#include "options/pages.h"
#include "options/setters.h"

namespace adit::options {

namespace {

void http_proxy(Use& use) {
  HttpProxy& proxy = use.link().http_proxy.emplace();
  const auto port = use.port(1);
  if (!port) return;
  proxy.host = use.word(0);
  proxy.port = *port;
  proxy.credentials_path = use.word(2);
  proxy.method = use.word(3);
}

void http_proxy_user_pass(Use& use) {
  if (auto& proxy = use.link().http_proxy) proxy->credentials_path = use.word(0);
}

void http_proxy_option(Use& use) {
  auto& proxy = use.link().http_proxy;
  if (!proxy) proxy.emplace();
  const std::string& kind = use.word(0);
  if (kind == "VERSION") {
    proxy->http_version = use.word(1);
  } else if (kind == "AGENT") {
    proxy->user_agent = use.word(1);
  } else if (kind == "CUSTOM-HEADER" || kind == "EXT1" || kind == "EXT2") {
    proxy->headers.emplace_back(use.word(1), use.word(2));
  } else {
    use.error('"' + shown(kind) + "\" is not known here", "use VERSION, AGENT or CUSTOM-HEADER");
  }
}

void socks_proxy(Use& use) {
  SocksProxy proxy{.host = use.word(0), .credentials_path = use.word(2)};
  if (use.has(1)) {
    const auto port = use.port(1);
    if (!port) return;
    proxy.port = *port;
  }
  use.link().socks_proxy = std::move(proxy);
}

void port_share(Use& use) {
  if (const auto port = use.port(1)) use.config().server.port_share = {use.word(0), *port};
  use.config().server.port_share_dir = use.word(2);
}

// clang-format off
constexpr std::array rows{
    Row{.name = "http-proxy",
        .args = {2, 4, "host port [authfile|auto|auto-nct] [none|basic|ntlm|ntlm2]"},
        .where = where::anywhere | where::connection, .state = State::refused,
        .note = "HTTP proxies are not available yet",
        .help = "Connect through HTTP CONNECT proxy (tcp).", .apply = http_proxy},
    Row{.name = "http-proxy-user-pass", .args = {1, 1, "file|[inline]"},
        .where = where::anywhere | where::inside, .state = State::refused,
        .note = "HTTP proxies are not available yet", .help = "Proxy credentials.",
        .apply = http_proxy_user_pass},
    Row{.name = "http-proxy-option",
        .args = {1, 3, "VERSION v | AGENT text | CUSTOM-HEADER name [value]"},
        .where = where::anywhere | where::connection, .state = State::refused,
        .note = "HTTP proxies are not available yet", .help = "Extra proxy request settings.",
        .apply = http_proxy_option},
    Row{.name = "http-proxy-override", .args = {2, 3, "host port [auth]"}, .state = State::refused,
        .note = "HTTP proxies are not available yet",
        .help = "Send all remotes through this proxy."},
    Row{.name = "socks-proxy", .args = {1, 3, "host [port] [authfile]"},
        .where = where::anywhere | where::connection, .state = State::refused,
        .note = "SOCKS proxies are not available yet", .help = "Use SOCKS5 proxy.",
        .apply = socks_proxy},
    Row{.name = "http-proxy-retry", .args = {0, many}, .where = where::anywhere | where::connection,
        .state = State::accepted,
        .note = "proxy connections are retried like all others; use connect-retry-max to limit "
         "that",
        .help = "Obsolete retry flag."},
    Row{.name = "http-proxy-timeout", .args = {1, 1, "sec"},
        .where = where::anywhere | where::connection, .state = State::accepted,
        .note = "the time to reach a server is set by connect-timeout",
        .help = "Obsolete timeout."},
    Row{.name = "socks-proxy-retry", .args = {0, many},
        .where = where::anywhere | where::connection, .state = State::accepted,
        .note = "proxy connections are retried like all others; use connect-retry-max to limit "
         "that",
        .help = "Obsolete."},
    Row{.name = "port-share", .args = {2, 3, "host port [dir]"},
        .help = "Proxy non-OpenVPN TCP clients to another server.", .apply = port_share},
};
// clang-format on

}  // namespace

Page proxy_page() { return {"Proxies", rows}; }

}  // namespace adit::options
