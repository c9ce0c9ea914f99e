#include <algorithm>
#include <array>

#include "options/checks.h"
#include "options/findings.h"
#include "options/listen.h"

namespace adit::options {

namespace {

void refuse_server_options(const Config& config, const Findings& found) {
  constexpr std::array names{
      "ifconfig-pool",
      "ifconfig-pool-persist",
      "ifconfig-ipv6-pool",
      "client-to-client",
      "duplicate-cn",
      "client-config-dir",
      "ccd-exclusive",
      "client-connect",
      "client-disconnect",
      "learn-address",
      "connect-freq",
      "auth-user-pass-verify",
      "username-as-common-name",
      "auth-user-pass-optional",
      "auth-gen-token",
      "client-crresponse",
      "force-tls-key-material-export",
      "hash-size",
      "opt-verify",
      "port-share",
      "stale-routes-check",
  };
  for (const char* name : names) {
    if (config.said_of(name) != nullptr) {
      found.error(name, std::string("--") + name + " requires --mode server",
                  "write it in the configuration of the server");
    }
  }
  if (config.identity.verify_client_cert != Identity::ClientCert::require) {
    found.error("verify-client-cert", "--verify-client-cert requires --mode server",
                "a client always asks for the server's certificate; remove the line");
  }
  if (config.said_of("ifconfig-push-constraint") != nullptr) {
    found.warn("ifconfig-push-constraint", "it says nothing to a client, and is ignored",
               "write it in the configuration of the server");
  }
}

void refuse_client_options(const Config& config, const Findings& found) {
  constexpr std::array names{
      "nobind",     "pull",     "auth-user-pass", "route-delay", "up-delay",
      "shaper",     "ipchange", "http-proxy",     "socks-proxy", "allow-recursive-routing",
      "kill-switch"};
  for (const char* name : names) {
    if (config.said_of(name) != nullptr) {
      found.error(name, std::string("--") + name + " cannot be used with --mode server",
                  "it is an option of clients");
    }
  }
  if (!config.remotes.list.empty()) {
    found.error(config.said_of("remote") != nullptr ? "remote" : "connection",
                "--remote cannot be used with --mode server",
                "the address to listen on is set by local");
  }
  for (const char* name : {"redirect-gateway", "redirect-private"}) {
    if (config.said_of(name) == nullptr) continue;
    found.error(name, std::string("--") + name + " cannot be used with --mode server",
                "to send it to clients, write: push \"" + std::string(name) + " def1\"");
  }
}

void check_pools(const Config& config, const Findings& found) {
  const Server& server = config.server;
  if (server.pool6 && !config.device.ifconfig_ipv6) {
    found.error("ifconfig-ipv6-pool", "--ifconfig-ipv6-pool needs --ifconfig-ipv6",
                "write \"server-ipv6 NETWORK/BITS\", which stands for both");
  }
  if (!server.pool_persist.empty() && !server.pool && !server.pool6) {
    found.error("ifconfig-pool-persist",
                "--ifconfig-pool-persist must be used with --ifconfig-pool or --ifconfig-ipv6-pool",
                "add a pool, or remove the line");
  }
}

void check_accounts(const Config& config, const Findings& found) {
  const bool asks = config.scripts.auth_user_pass_verify.defined() ||
                    !config.scripts.plugins.empty() || config.management.client_auth;
  const std::string needs =
      " must be used with --management-client-auth, an --auth-user-pass-verify script, or plugin";
  const std::string who = "say who judges names and passwords, or remove the line";
  if (asks) return;
  for (const char* name : {"username-as-common-name", "auth-user-pass-optional"}) {
    if (config.said_of(name) != nullptr) found.error(name, std::string("--") + name + needs, who);
  }
  if (config.identity.verify_client_cert != Identity::ClientCert::require) {
    found.error("verify-client-cert", "--verify-client-cert none|optional" + needs, who);
  }
}

void check_tokens(const Config& config, const Findings& found) {
  const auto& token = config.server.auth_gen_token;
  if (!token) return;
  const Seconds reneg = config.channel.reneg, window = config.channel.hand_window;
  if (reneg.count() == 0) {
    found.error("auth-gen-token",
                "--auth-gen-token needs a non-infinite --renegotiate_seconds setting",
                "leave \"reneg-sec 0\" out");
  } else if (token->renewal.value_or(reneg) < 2 * window) {
    // Two blanks, as openvpn writes it.
    found.error("auth-gen-token",
                "--auth-gen-token renewal time needs to be at least  two times --hand-window (" +
                    std::to_string(window.count()) + ").",
                "raise the renewal time (or reneg-sec, where none is set), or lower hand-window");
  }
}

}  // namespace

void check_server(const Config& config, const Findings& found) {
  if (config.mode != Mode::server) return refuse_server_options(config, found);
  refuse_client_options(config, found);
  check_pools(config, found);
  check_accounts(config, found);
  check_tokens(config, found);
  if (config.connection.proto.transport == Transport::tcp_client) {
    found.error("proto", "a server cannot use --proto tcp-client", "write \"proto tcp-server\"");
  }
  if (config.server.ccd_exclusive && config.server.ccd.empty()) {
    found.error("ccd-exclusive", "--ccd-exclusive must be used with --client-config-dir",
                "name the directory that has a file for each client");
  }
  if (config.server.connect_freq && !listens_to_udp(config)) {
    found.error("connect-freq",
                "--connect-freq only works with --mode server --proto udp.  Try --max-clients "
                "instead");
  }
  if (config.server.port_share && !listens_to_tcp(config)) {
    found.error("port-share",
                "--port-share only works in TCP server mode (--proto values of tcp-server, "
                "tcp4-server, or tcp6-server)",
                "write \"proto tcp-server\", or add a line \"local * PORT tcp-server\"");
  }
  const char* const directive = config.said_of("server") != nullptr ? "server" : "mode";
  if (!config.timers.keepalive && config.timers.ping.count() == 0) {
    found.warn(directive, "--keepalive option is missing from server config",
               "write \"keepalive 10 60\"; without it nobody notices when the other side is gone");
  }
  const bool could_notify = listens_to_udp(config) && config.timers.keepalive;
  if (could_notify && !config.connection.explicit_exit_notify) {
    found.note(directive,
               "when this server restarts, its clients wait " +
                   std::to_string(config.timers.keepalive->second) + " seconds before they notice",
               "write \"explicit-exit-notify 1\" to tell them");
  }
}

}  // namespace adit::options
