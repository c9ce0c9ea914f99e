#pragma once

// The log lines that other programs watch for, in stock's exact words. Nothing else prints them.

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/stock_lines.h"  // the rest of them
#include "ip/address.h"
#include "ports/plugin_port.h"
#include "session/setup.h"
#include "wire/options_string.h"
#include "wire/session_id.h"

namespace adit::node::lines {

inline constexpr std::string_view initialization_complete = "Initialization Sequence Completed";

// "[AF_INET]203.0.113.2:1194"; "[AF_INET][undef]:1194" where any address will do
std::string with_family(const ip::Endpoint& endpoint);
// The same with a blank for the colon, as "ipchange" is told.
std::string address_and_port(const ip::Endpoint& endpoint);
// As prefixes of log lines and status files name a client: stock leaves the port out for IPv6.
std::string real_address(const ip::Endpoint& endpoint);

// Stock says it of each packet; here once for so many, with the id of the last.
std::string bad_packet_id(std::uint64_t id, std::uint64_t packets, bool aead);
// "PID_ERR large diff [104] [SSL-0]"
std::string pid_error(std::string_view what, std::uint64_t behind, unsigned key_id);
std::string peer_connected(std::string_view common_name, const ip::Endpoint& from);
std::string incoming_authentication_failed(const ip::Endpoint& from);
std::string tls_crypt_unwrap_failed(const ip::Endpoint& from);
// Said before those two, without the address.
inline constexpr std::string_view hmac_failed =
    "Authenticate/Decrypt packet error: packet HMAC authentication failed";
inline constexpr std::string_view tls_crypt_failed =
    "tls-crypt unwrap error: packet authentication failed";
std::string cannot_locate_hmac(const ip::Endpoint& from);
std::string cannot_extract_v2_key(const ip::Endpoint& from);
std::string unreadable_first_packet(const ip::Endpoint& from);
std::string key_negotiation_timeout(long seconds);
inline constexpr std::string_view tls_handshake_failed = "TLS Error: TLS handshake failed";
// Of a TCP connection, which does not outlive its handshake.
inline constexpr std::string_view fatal_tls_error =
    "Fatal TLS error (check_tls_errors_co), restarting";
inline constexpr std::string_view auth_user_pass_failed =
    "TLS Auth Error: Auth Username/Password verification failed for peer";
std::string username_too_long(std::size_t most);
inline constexpr std::string_view auth_user_pass_missing =
    "TLS Error: Auth Username/Password was not provided by peer";
// how: "succeeded", "deferred"
[[nodiscard]] std::string password_checked(std::string_view how, std::string_view username,
                                           bool is_common_name);
[[nodiscard]] std::string initial_packet(const ip::Endpoint& from, const wire::SessionId& id);
// by: "SCRIPT", "PLUGIN"
std::string verified_by(std::string_view by, int depth, std::string_view subject, bool accepted);
inline constexpr std::string_view client_key_accepted = "TLS CRYPT V2 VERIFY SCRIPT OK";
inline constexpr std::string_view client_key_refused = "TLS CRYPT V2 VERIFY SCRIPT ERROR";
std::string verify_ok(int depth, std::string_view subject);
std::string peer_info(std::string_view name, std::string_view value);
std::string control_channel(std::string_view description);
[[nodiscard]] std::string answered_again(const ip::Endpoint& from);
std::string new_connection_replaces(std::string_view common_name);
std::string too_many_clients(unsigned limit);
std::string too_many_connections(const ip::Endpoint& from);
std::string ignored_while_ending(const ip::Endpoint& from);
std::string learn(std::string_view address, std::string_view client);
std::string iroutes_rejected(std::string_view client);
std::string route_quota(unsigned limit, std::string_view client);
std::string learn_failed(std::string_view address, std::string_view client);
std::string stale_check(std::chrono::seconds age, std::chrono::seconds interval);
std::string stale_route(std::string_view address);
std::string primary_virtual_ip(std::string_view client, std::string_view address);
std::string internal_route(std::string_view prefix, std::string_view client);
// Tokens in it are left out.
std::string sent_control(std::string_view common_name, std::string_view message, bool sent);
// Of a certificate, its own or one above it, that the list names by now.
std::string certificate_revoked(int depth, std::string_view subject, std::string_view serial);
inline constexpr std::string_view revoked_reason = "certificate revoked";
inline constexpr std::string_view token_expired = "SESSION: token expired";
std::string token_decided(std::string_view username, bool admitted);
inline constexpr std::string_view random_token_key = "Using random OpenVPN auth-token server key.";
std::string push_received(std::string_view message);
inline constexpr std::string_view offending_option = "Offending option received from server";
inline constexpr std::string_view update_done = "PUSH_UPDATE: the tunnel was changed";
std::string auth_failed_received(std::string_view message);
std::string restart_pushed(bool halt, std::string_view words);
inline constexpr std::string_view exit_received = "CC-EEN exit message received by peer";
inline constexpr std::string_view exit_announced =
    "SIGTERM received, sending exit notification to peer";
std::string delayed_exit(std::chrono::seconds in);
std::string data_channel(std::string_view cipher, std::uint32_t peer_id,
                         std::string_view compression);
std::string option_mismatch(const wire::OptionsMismatch& mismatch);
std::string inactivity(std::string_view common_name, bool exits);
inline constexpr std::string_view connection_reset = "Connection reset, restarting [0]";
inline constexpr std::string_view stream_out_of_step =
    "Fatal decryption error (process_incoming_link), restarting";
inline constexpr std::string_view inactive = "Inactivity timeout (--inactive), exiting";
inline constexpr std::string_view session_over = "Session timeout, exiting";
// In what "mute" counts together, as stock does.
inline constexpr int mute_class_of_links = 11;
// "read UDPv4 [ECONNREFUSED]: Connection refused (fd=3,code=111)"; report: as the plane has it
std::string not_reached(const ip::Endpoint& to, Bytes report);
inline constexpr std::string_view interrupted =
    "event_wait : Interrupted system call (fd=-1,code=4)";
std::string remote_to_use(const ip::Endpoint& remote);
std::string address_pool(const ip::Address& base4, std::size_t size);
struct TimerFacts {
  long ping = 0, silence = 0, inactive = 0, session = 0;  // seconds; 0: off
  std::uint64_t inactive_bytes = 0;
  bool exits = false;  // after silence
};
// Nothing where no timer runs.
std::string timers(const TimerFacts& facts);
// Nothing where nothing was agreed.
std::string protocol_options(unsigned exit_notify, const session::Negotiated& negotiated);
// "protocol-flags cc-exit tls-ekm"
std::string protocol_flags(const session::Negotiated& negotiated);
// names: of pushed options that were taken, in any order
std::vector<std::string> options_imported(const std::vector<std::string>& names,
                                          std::optional<unsigned> tun_mtu);
std::string bad_source(std::string_view source);
std::string floated(std::uint32_t peer, std::string_view name, const ip::Endpoint& from,
                    const ip::Endpoint& to);

inline constexpr std::string_view routes_wait_for_dhcp =
    "route-gateway dhcp: routes wait until a DHCP server behind the tunnel has named the router";
std::string tun_kept(std::string_view device);
inline constexpr std::string_view tun_replaced =
    "NOTE: Pulled options changed on restart, will need to close and reopen TUN/TAP device.";
std::string hardware_address_set(std::string_view address);
std::string tun_opened(std::string_view device);
// "ERROR: Cannot ioctl TUNSETIFF tun0: Operation not permitted (errno=1)", whose end the device
// says
std::string tun_refused(std::string_view why);
inline constexpr std::string_view exits_fatally = "Exiting due to fatal error";
inline constexpr std::string_view tun_closing = "Closing TUN/TAP interface";
// transport: "UDPv4", "TCPv6_CLIENT"; nothing: not bound, from anywhere
std::string link_local(std::string_view transport, const std::optional<ip::Endpoint>& at);
std::string link_remote(std::string_view transport, const std::optional<ip::Endpoint>& to);
std::string tcp_listening(const ip::Endpoint& at);
std::string tcp_attempt(const ip::Endpoint& to);
std::string tcp_refused(const ip::Endpoint& to, std::string_view why);
inline constexpr std::string_view connection_failed = "connection-failed";  // a signal's text
inline constexpr std::string_view http_proxy_failed = "HTTP proxy error";   // the same
inline constexpr std::string_view socks_proxy_failed = "socks-error";
inline constexpr std::string_view socks_resolve_failed = "socks-resolve-failure";
std::string socks_relay(const ip::Endpoint& at);
std::string tcp_established(const ip::Endpoint& with);
inline constexpr std::string_view foreign_client = "Non-OpenVPN client protocol detected";
inline constexpr std::string_view port_share_starting = "PORT SHARE PROXY: proxy starting";
std::string cannot_resolve(std::string_view host, std::string_view port, std::string_view why);
inline constexpr std::string_view no_protocol = "Could not determine IPv4/IPv6 protocol";
std::string restart_pause(std::chrono::seconds pause);

// "SIGUSR1[soft,ping-restart] received, process restarting"
std::string signal_received(std::string_view signal, bool hard, std::string_view text,
                            std::string_view what);

std::string plugin_called(std::string_view plugin, ports::PluginEvent event, int status);
std::string plugin_failed(std::string_view plugin, ports::PluginEvent event, int status);
// "learn-address"
std::string plugin_call_failed(std::string_view event);

}  // namespace adit::node::lines
