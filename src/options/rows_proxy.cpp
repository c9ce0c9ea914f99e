#include <array>

#include "options/pages.h"
#include "options/setters.h"

namespace adit::options {

namespace {

HttpProxy& http_of(Use& use) {
  auto& proxy = use.link().http_proxy;
  return proxy ? *proxy : proxy.emplace();
}

// What was said before of its options is kept.
void http_proxy(Use& use) {
  HttpProxy& proxy = http_of(use);
  const auto port = use.port(1);
  if (!port) return;
  proxy.host = use.word(0);
  proxy.port = *port;
  const std::string& who = use.word(2);
  proxy.automatic = who == "auto" || who == "auto-nct";
  proxy.clear_passwords = who != "auto-nct";
  if (!who.empty() && !proxy.automatic) {
    proxy.credentials = use.file(2);
    proxy.method = HttpProxy::Method::basic;
  }
  if (!use.has(3) || proxy.automatic) return;  // source: stock 2.6.14
  using Method = HttpProxy::Method;
  use.choice<Method>(3, proxy.method,
                     {{"none", Method::none},
                      {"basic", Method::basic},
                      {"ntlm", Method::ntlm2},
                      {"ntlm2", Method::ntlm2}});
  if (use.word(3) == "ntlm") {
    use.warn("NTLM of the first version is no longer spoken, NTLMv2 is used",
             "write \"ntlm2\", or better \"basic\" or \"auto\" if the proxy allows it");
  }
}

void http_proxy_user_pass(Use& use) { http_of(use).credentials = use.file(); }

constexpr std::size_t most_headers = 10;  // source: stock

void http_proxy_option(Use& use) {
  HttpProxy& proxy = http_of(use);
  const std::string& kind = use.word(0);
  if (kind == "VERSION" && use.count() == 2) {
    proxy.version = use.word(1);
  } else if (kind == "AGENT" && use.count() == 2) {
    proxy.user_agent = use.word(1);
  } else if ((kind == "CUSTOM-HEADER" || kind == "EXT1" || kind == "EXT2") && use.has(1)) {
    if (proxy.headers.size() >= most_headers) {
      return use.error("Cannot use more than 10 http-proxy-option CUSTOM-HEADER : '" +
                       shown(use.word(1)) + "'");
    }
    proxy.headers.push_back(use.has(2) ? use.word(1) + ": " + use.word(2) : use.word(1));
  } else {
    use.error("Bad http-proxy-option or missing or extra parameter: '" + shown(kind) + "'",
              "use VERSION, AGENT or CUSTOM-HEADER");
  }
}

void http_proxy_override(Use& use) {
  const auto port = use.port(1);
  if (!port) return;
  HttpProxy& proxy = use.config().remotes.http_proxy_override.emplace();
  proxy.host = use.word(0);
  proxy.port = *port;
  proxy.automatic = true;
  proxy.clear_passwords = use.word(2) != "auto-nct";
  proxy.user_agent = "OpenVPN-Autoproxy/1.0";
}

void socks_proxy(Use& use) {
  SocksProxy proxy;
  proxy.host = use.word(0);
  if (use.has(1)) {
    const auto port = use.port(1);
    if (!port) return;
    proxy.port = *port;
  }
  if (use.has(2)) proxy.credentials = use.file(2);
  use.link().socks_proxy = std::move(proxy);
}

void port_share(Use& use) {
  if (const auto port = use.port(1)) use.config().server.port_share = {use.word(0), *port};
  use.config().server.port_share_dir = use.word(2);
}

// clang-format off
constexpr std::array proxy_rows{
    Row{.name = "http-proxy",
        .args = {2, 4, "host port [authfile|auto|auto-nct] [none|basic|ntlm|ntlm2]"},
        .where = where::anywhere | where::connection,
        .help = "Connect through HTTP CONNECT proxy (tcp).", .apply = http_proxy},
    Row{.name = "http-proxy-user-pass", .args = {1, 1, "file|[inline]"},
        .where = where::anywhere | where::inside, .help = "Proxy credentials.",
        .apply = http_proxy_user_pass},
    Row{.name = "http-proxy-option",
        .args = {1, 3, "VERSION v | AGENT text | CUSTOM-HEADER name [value]"},
        .where = where::anywhere | where::connection, .help = "Extra proxy request settings.",
        .apply = http_proxy_option},
    Row{.name = "http-proxy-override", .args = {2, 3, "host port [auto-nct]"},
        .help = "Send all remotes through this proxy.", .apply = http_proxy_override},
    Row{.name = "socks-proxy", .args = {1, 3, "host [port] [authfile]"},
        .where = where::anywhere | where::connection, .help = "Use SOCKS5 proxy.",
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

Page proxy_page() { return {"Proxies", proxy_rows}; }

}  // namespace adit::options
