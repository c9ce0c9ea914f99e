#pragma once

// The log lines that other programs watch for, in stock's exact words. Nothing else prints them.

#include <string>
#include <string_view>

#include "ip/address.h"
#include "wire/options_string.h"

namespace adit::node::lines {

inline constexpr std::string_view initialization_complete = "Initialization Sequence Completed";

// "[AF_INET]203.0.113.2:1194"
std::string with_family(const ip::Endpoint& endpoint);
// As prefixes of log lines and status files name a client: stock leaves the port out for IPv6.
std::string real_address(const ip::Endpoint& endpoint);

// Stock says it of each packet; here once for so many, with the id of the last.
std::string bad_packet_id(std::uint64_t id, std::uint64_t packets, bool aead);
// "PID_ERR large diff [104] [SSL-0]"
std::string pid_error(std::string_view what, std::uint64_t behind, unsigned key_id);
std::string peer_connected(std::string_view common_name, const ip::Endpoint& from);
std::string incoming_authentication_failed(const ip::Endpoint& from);
std::string tls_crypt_unwrap_failed(const ip::Endpoint& from);
std::string cannot_locate_hmac(const ip::Endpoint& from);
std::string cannot_extract_v2_key(const ip::Endpoint& from);
std::string unreadable_first_packet(const ip::Endpoint& from);
std::string key_negotiation_timeout(long seconds);
inline constexpr std::string_view tls_handshake_failed = "TLS Error: TLS handshake failed";
inline constexpr std::string_view auth_user_pass_failed =
    "TLS Auth Error: Auth Username/Password verification failed for peer";
inline constexpr std::string_view auth_user_pass_missing =
    "TLS Error: Auth Username/Password was not provided by peer";
[[nodiscard]] std::string initial_packet(const ip::Endpoint& from);
[[nodiscard]] std::string answered_again(const ip::Endpoint& from);
std::string new_connection_replaces(std::string_view common_name);
std::string too_many_clients(unsigned limit);
std::string ignored_while_ending(const ip::Endpoint& from);
std::string learn(std::string_view address, std::string_view client);
std::string learn_failed(std::string_view address, std::string_view client);
std::string primary_virtual_ip(std::string_view client, std::string_view address);
std::string internal_route(std::string_view prefix, std::string_view client);
std::string sent_control(std::string_view common_name, std::string_view message, bool sent);
// Of a certificate, its own or one above it, that the list names by now.
std::string certificate_revoked(int depth, std::string_view subject, std::string_view serial);
inline constexpr std::string_view revoked_reason = "certificate revoked";
std::string push_received(std::string_view message);
std::string data_channel(std::string_view cipher, std::uint32_t peer_id,
                         std::string_view compression);
std::string option_mismatch(const wire::OptionsMismatch& mismatch);
std::string inactivity(std::string_view common_name, bool exits);
inline constexpr std::string_view inactive = "Inactivity timeout (--inactive), exiting";
inline constexpr std::string_view session_over = "Session timeout, exiting";
std::string bad_source(std::string_view source);
std::string floated(std::uint32_t peer, std::string_view name, const ip::Endpoint& from,
                    const ip::Endpoint& to);

// "SIGUSR1[soft,ping-restart] received, process restarting"
std::string signal_received(std::string_view signal, bool hard, std::string_view text,
                            std::string_view what);

}  // namespace adit::node::lines
