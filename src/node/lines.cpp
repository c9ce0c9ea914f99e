#include "node/lines.h"

#include <algorithm>
#include <array>
#include <cstring>

#include <fmt/core.h>

#include "base/text.h"

namespace adit::node::lines {

namespace {

// "auth-tokenSESS_ID" is how stock hides a token.
std::string without_tokens(std::string_view message) {
  constexpr std::string_view option = "auth-token ", ours = "SESS_ID";
  std::vector<std::string> parts;
  for (const std::string_view part : split(message, ',')) {
    parts.emplace_back(part);
    if (!part.starts_with(option)) continue;
    const bool known = part.substr(option.size()).starts_with(ours);
    parts.back() = "auth-token" + std::string(known ? ours : "");
  }
  return join(parts, ",");
}

}  // namespace

// Without brackets around IPv6, as stock writes it here.
std::string with_family(const ip::Endpoint& endpoint) {
  const bool any = std::ranges::all_of(endpoint.address.bytes(), [](auto b) { return b == 0; });
  return fmt::format("{}{}:{}", endpoint.address.is_v4() ? "[AF_INET]" : "[AF_INET6]",
                     any ? "[undef]" : endpoint.address.text(), endpoint.port);
}

std::string address_and_port(const ip::Endpoint& endpoint) {
  return fmt::format("{}{} {}", endpoint.address.is_v4() ? "[AF_INET]" : "[AF_INET6]",
                     endpoint.address.text(), endpoint.port);
}

std::string real_address(const ip::Endpoint& endpoint) {
  return endpoint.address.is_v4() ? endpoint.text() : endpoint.address.text();
}

std::string bad_packet_id(std::uint64_t id, std::uint64_t packets, bool aead) {
  std::string line = fmt::format(
      "{} error: bad packet ID (may be a replay): [ #{} ] -- see the man page entry for "
      "--no-replay and --replay-window for more info or silence this warning with "
      "--mute-replay-warnings",
      aead ? "AEAD Decrypt" : "Authenticate/Decrypt packet", id);
  if (packets > 1) line += fmt::format(" (the last of {})", packets);
  return line;
}

std::string pid_error(std::string_view what, std::uint64_t behind, unsigned key_id) {
  return fmt::format("PID_ERR {} [{}] [SSL-{}]", what, behind, key_id);
}

std::string peer_connected(std::string_view common_name, const ip::Endpoint& from) {
  return fmt::format("[{}] Peer Connection Initiated with {}", common_name, with_family(from));
}
std::string incoming_authentication_failed(const ip::Endpoint& from) {
  return "TLS Error: incoming packet authentication failed from " + with_family(from);
}
std::string tls_crypt_unwrap_failed(const ip::Endpoint& from) {
  return "TLS Error: tls-crypt unwrapping failed from " + with_family(from);
}
std::string cannot_locate_hmac(const ip::Endpoint& from) {
  return "TLS Error: cannot locate HMAC in incoming packet from " + with_family(from);
}
std::string cannot_extract_v2_key(const ip::Endpoint& from) {
  return "TLS Error: can not extract tls-crypt-v2 client key from " + with_family(from);
}
std::string unreadable_first_packet(const ip::Endpoint& from) {
  return "TLS Error: reading acknowledgement record from packet failed from " + with_family(from);
}
std::string key_negotiation_timeout(long seconds) {
  return fmt::format(
      "TLS Error: TLS key negotiation failed to occur within {} seconds (check your network "
      "connectivity)",
      seconds);
}
std::string username_too_long(std::size_t most) {
  return fmt::format(
      "TLS Auth Error: --username-as-common name specified and username is longer than the maximum "
      "permitted Common Name length of {} characters",
      most);
}
std::string password_checked(std::string_view how, std::string_view username, bool is_common_name) {
  return fmt::format("TLS: Username/Password authentication {} for username '{}' {}", how,
                     printable(username), is_common_name ? "[CN SET]" : "");
}

std::string initial_packet(const ip::Endpoint& from, const wire::SessionId& id) {
  std::string line = "TLS: Initial packet from " + with_family(from) + ", sid=";
  for (std::size_t i = 0; i < id.value.size(); ++i) {
    line += fmt::format("{}{:02x}", i == id.value.size() / 2 ? " " : "", id.value[i]);
  }
  return line;
}
std::string verified_by(std::string_view by, int depth, std::string_view subject, bool accepted) {
  return fmt::format("VERIFY {} {}: depth={}, {}", by, accepted ? "OK" : "ERROR", depth, subject);
}
std::string verify_ok(int depth, std::string_view subject) {
  return fmt::format("VERIFY OK: depth={}, {}", depth, subject);
}
std::string peer_info(std::string_view name, std::string_view value) {
  return fmt::format("peer info: {}={}", name, value);
}
std::string control_channel(std::string_view description) {
  return fmt::format("Control Channel: {}", description);
}
std::string answered_again(const ip::Endpoint& from) {
  return "TLS: the first packet of " + with_family(from) +
         " was answered, and it came again: our answer does not reach it";
}
std::string new_connection_replaces(std::string_view common_name) {
  return fmt::format(
      "MULTI: new connection by client '{}' will cause previous active sessions by this client to "
      "be dropped.  Remember to use the --duplicate-cn option if you want multiple clients using "
      "the same certificate or username to concurrently connect.",
      common_name);
}
std::string too_many_clients(unsigned limit) {
  return fmt::format("MULTI: new incoming connection would exceed maximum number of clients ({})",
                     limit);
}
std::string too_many_connections(const ip::Endpoint& from) {
  return fmt::format(
      "MULTI: Connection from {} would exceed new connection frequency limit as controlled by "
      "--connect-freq",
      from.text());
}
std::string ignored_while_ending(const ip::Endpoint& from) {
  return fmt::format("MULTI: Connection attempt from {} ignored while server is shutting down",
                     from.text());
}
std::string learn(std::string_view address, std::string_view client) {
  return fmt::format("MULTI: Learn: {} -> {}", address, client);
}
std::string primary_virtual_ip(std::string_view client, std::string_view address) {
  const std::string_view family = address.find(':') == std::string_view::npos ? "IP" : "IPv6";
  return fmt::format("MULTI: primary virtual {} for {}: {}", family, client, address);
}
std::string iroutes_rejected(std::string_view client) {
  return fmt::format(
      "MULTI: --iroute options rejected for {} -- iroute only works with tun-style tunnels",
      client);
}

std::string route_quota(unsigned limit, std::string_view client) {
  return fmt::format(
      "MULTI ROUTE: route quota ({}) exceeded for {} (see --max-routes-per-client option)", limit,
      client);
}

std::string learn_failed(std::string_view address, std::string_view client) {
  return fmt::format("MULTI: Learn FAILED: {} -> {}", address, client);
}
std::string stale_check(std::chrono::seconds age, std::chrono::seconds interval) {
  return fmt::format(
      "Initializing stale route check timer to run every {} seconds and to removing routes with "
      "activity timeout older than {} seconds",
      interval.count(), age.count());
}
std::string stale_route(std::string_view address) {
  return fmt::format("MULTI: Deleting stale route for address '{}'", address);
}
std::string internal_route(std::string_view prefix, std::string_view client) {
  return fmt::format("MULTI: internal route {} -> {}", prefix, client);
}
std::string sent_control(std::string_view common_name, std::string_view message, bool sent) {
  return fmt::format("SENT CONTROL [{}]: '{}' (status={})", common_name, without_tokens(message),
                     sent ? 1 : 0);
}
std::string certificate_revoked(int depth, std::string_view subject, std::string_view serial) {
  return stock_lines::verify_error(depth, revoked_reason, printable(subject), serial);
}
std::string push_received(std::string_view message) {
  return fmt::format("PUSH: Received control message: '{}'", without_tokens(message));
}
std::string token_decided(std::string_view username, bool admitted) {
  return fmt::format("TLS: Username/auth-token authentication {} for username '{}'",
                     admitted ? "succeeded" : "failed", printable(username));
}
std::string auth_failed_received(std::string_view message) {
  return fmt::format("AUTH: Received control message: {}", message);
}
std::string restart_pushed(bool halt, std::string_view words) {
  return fmt::format("Connection {} command was pushed by server ('{}')", halt ? "halt" : "reset",
                     words);
}
std::string delayed_exit(std::chrono::seconds in) {
  return fmt::format("Delayed exit in {} seconds", in.count());
}
std::string data_channel(std::string_view cipher, std::uint32_t peer_id,
                         std::string_view compression) {
  std::string line = fmt::format("Data Channel: cipher '{}', peer-id: {}", cipher, peer_id);
  if (!compression.empty()) line += fmt::format(", compression: '{}'", compression);
  return line;
}
std::string option_mismatch(const wire::OptionsMismatch& mismatch) {
  using Kind = wire::OptionsMismatch::Kind;
  switch (mismatch.kind) {
    case Kind::differs:
      return fmt::format("WARNING: '{}' is used inconsistently, local='{}', remote='{}'",
                         printable(mismatch.word), mismatch.expected, printable(mismatch.received));
    case Kind::missing_there:
      return fmt::format(
          "WARNING: '{}' is present in local config but missing in remote config, local='{}'",
          printable(mismatch.word), mismatch.expected);
    case Kind::missing_here:
      break;
  }
  return fmt::format(
      "WARNING: '{}' is present in remote config but missing in local config, remote='{}'",
      printable(mismatch.word), printable(mismatch.received));
}
std::string inactivity(std::string_view common_name, bool exits) {
  return fmt::format("[{}] Inactivity timeout (--ping-{}), {}", common_name,
                     exits ? "exit" : "restart", exits ? "exiting" : "restarting");
}
std::string not_reached(const ip::Endpoint& to, Bytes report) {
  Reader reader(report);
  const auto error = static_cast<int>(reader.u32());
  const auto descriptor = static_cast<int>(reader.u32());
  const char* const name = strerrorname_np(error);
  return fmt::format("read UDPv{} [{}]: {} (fd={},code={})", to.address.is_v6() ? 6 : 4,
                     name != nullptr ? name : "unknown", std::strerror(error), descriptor, error);
}
std::string remote_to_use(const ip::Endpoint& remote) {
  return "TCP/UDP: Preserving recently used remote address: " + with_family(remote);
}
std::string address_pool(const ip::Address& base4, std::size_t size) {
  return fmt::format("IFCONFIG POOL IPv4: base={} size={}", base4.text(), size);
}
std::string timers(const TimerFacts& facts) {
  std::vector<std::string> all;
  const auto add = [&](std::string_view name, long seconds) {
    if (seconds > 0) all.push_back(fmt::format("{} {}", name, seconds));
  };
  add("ping", facts.ping);
  add(facts.exits ? "ping-exit" : "ping-restart", facts.silence);
  add("inactive", facts.inactive);
  if (facts.inactive > 0 && facts.inactive_bytes > 0) {
    all.back() += fmt::format(" {}", facts.inactive_bytes);
  }
  add("session-timeout", facts.session);
  return all.empty() ? std::string() : "Timers: " + join(all, ", ");
}
std::string protocol_flags(const session::Negotiated& negotiated) {
  std::string flags;
  if (negotiated.cc_exit) flags += " cc-exit";
  if (negotiated.key_export) flags += " tls-ekm";
  if (negotiated.dyn_tls_crypt) flags += " dyn-tls-crypt";
  if (negotiated.epoch) flags += " aead-epoch";
  return flags.empty() ? flags : "protocol-flags" + flags;
}
std::string protocol_options(unsigned exit_notify, const session::Negotiated& negotiated) {
  std::vector<std::string> all;
  if (exit_notify > 0) all.push_back(fmt::format("explicit-exit-notify {}", exit_notify));
  if (std::string flags = protocol_flags(negotiated); !flags.empty()) {
    all.push_back(std::move(flags));
  }
  return all.empty() ? std::string() : "Protocol options: " + join(all, ", ");
}

// In stock's order, each once. source: stock 2.6.14
std::vector<std::string> options_imported(const std::vector<std::string>& names,
                                          std::optional<unsigned> tun_mtu) {
  struct Kind {
    std::string_view line, names;
  };
  constexpr std::array kinds{
      Kind{"--verb and/or --mute level changed", "verb mute"},
      Kind{"traffic shaper enabled", "shaper"},
      Kind{"--sndbuf/--rcvbuf options modified", "sndbuf rcvbuf"},
      Kind{"--socket-flags option modified", "socket-flags"},
      Kind{"--persist options modified", "persist-tun persist-key"},
      Kind{"--ifconfig/up options modified",
           "ifconfig ifconfig-ipv6 topology lladdr ifconfig-noexec"},
      Kind{"route options modified",
           "route route-ipv6 route-metric redirect-gateway redirect-private client-nat block-ipv6"},
      Kind{"route-related options modified",
           "route-gateway route-ipv6-gateway route-delay max-routes"},
      Kind{"--ip-win32 and/or --dhcp-option options modified", "dhcp-option dns"},
      Kind{"environment modified", "setenv-safe"},
  };
  std::vector<std::string> lines;
  for (const Kind& kind : kinds) {
    const auto of_kind = words(kind.names);
    const bool said = std::ranges::any_of(names, [&](const std::string& name) {
      return std::ranges::find(of_kind, name) != of_kind.end();
    });
    if (said) lines.push_back(fmt::format("OPTIONS IMPORT: {}", kind.line));
  }
  if (tun_mtu && std::ranges::find(names, "tun-mtu") != names.end())
    lines.push_back(fmt::format("OPTIONS IMPORT: tun-mtu set to {}", *tun_mtu));
  return lines;
}
std::string bad_source(std::string_view source) {
  return fmt::format("MULTI: bad source address from client [{}], packet dropped", source);
}
std::string floated(std::uint32_t peer, std::string_view name, const ip::Endpoint& from,
                    const ip::Endpoint& to) {
  return fmt::format("peer {} ({}) floated from {} to {}", peer, name, from.text(), to.text());
}
std::string tun_kept(std::string_view device) {
  return fmt::format("Preserving previous TUN/TAP instance: {}", device);
}
std::string hardware_address_set(std::string_view address) {
  return fmt::format("TUN/TAP link layer address set to {}", address);
}
std::string tun_opened(std::string_view device) {
  return fmt::format("TUN/TAP device {} opened", device);
}
std::string tun_refused(std::string_view why) { return fmt::format("ERROR: {}", why); }
std::string link_local(std::string_view transport, const std::optional<ip::Endpoint>& at) {
  return fmt::format("{} link local{}", transport,
                     at ? " (bound): " + with_family(*at) : ": (not bound)");
}
std::string link_remote(std::string_view transport, const std::optional<ip::Endpoint>& to) {
  return fmt::format("{} link remote: {}", transport, to ? with_family(*to) : "[AF_UNSPEC]");
}
std::string tcp_listening(const ip::Endpoint& at) {
  return "Listening for incoming TCP connection on " + with_family(at);
}
std::string socks_relay(const ip::Endpoint& at) {
  return "SOCKS proxy wants us to send UDP to " + with_family(at);
}

std::string tcp_attempt(const ip::Endpoint& to) {
  return "Attempting to establish TCP connection with " + with_family(to);
}
std::string tcp_refused(const ip::Endpoint& to, std::string_view why) {
  return fmt::format("TCP: connect to {} failed: {}", with_family(to), why);
}
std::string tcp_established(const ip::Endpoint& with) {
  return "TCP connection established with " + with_family(with);
}
std::string cannot_resolve(std::string_view host, std::string_view port, std::string_view why) {
  return fmt::format("RESOLVE: Cannot resolve host address: {}:{} ({})", host, port, why);
}
std::string restart_pause(std::chrono::seconds pause) {
  return fmt::format("Restart pause, {} second(s)", pause.count());
}
std::string signal_received(std::string_view signal, bool hard, std::string_view text,
                            std::string_view what) {
  std::string_view kind = hard ? "hard" : "soft";
  if (text == connection_failed) kind = "connection failed(soft)";
  return fmt::format("{}[{},{}] received, {}", signal, kind, text, what);
}

std::string plugin_called(std::string_view plugin, ports::PluginEvent event, int status) {
  return fmt::format("PLUGIN_CALL: POST {}/{} status={}", plugin, ports::name_of(event), status);
}

std::string plugin_failed(std::string_view plugin, ports::PluginEvent event, int status) {
  return fmt::format("PLUGIN_CALL: plugin function {} failed with status {}: {}",
                     ports::name_of(event), status, plugin);
}

std::string plugin_call_failed(std::string_view event) {
  return fmt::format("WARNING: {} plugin call failed", event);
}

}  // namespace adit::node::lines
