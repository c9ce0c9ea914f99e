// Lines that monitors match, in stock's words.

#include "node/lines.h"

#include <cerrno>

#include <gtest/gtest.h>

namespace adit::node::lines {
namespace {

using Lines = std::vector<std::string>;

TEST(Lines, are_in_the_exact_words_others_watch_for) {
  const ip::Endpoint from{*ip::Address::parse("203.0.113.2"), 59808, 0};
  EXPECT_EQ(incoming_authentication_failed(from),
            "TLS Error: incoming packet authentication failed from [AF_INET]203.0.113.2:59808");
  EXPECT_EQ(peer_connected("client1", from),
            "[client1] Peer Connection Initiated with [AF_INET]203.0.113.2:59808");
  EXPECT_EQ(initial_packet(from, {{0xB8, 1, 2, 3, 0x6B, 4, 5, 6}}),
            "TLS: Initial packet from " + with_family(from) + ", sid=b8010203 6b040506");
  const ip::Endpoint any{*ip::Address::parse("0.0.0.0"), 1194, 0};
  EXPECT_EQ(link_local("UDPv4", any), "UDPv4 link local (bound): [AF_INET][undef]:1194");
  EXPECT_EQ(link_local("UDPv4", {}), "UDPv4 link local: (not bound)");
  EXPECT_EQ(link_remote("TCPv4_SERVER", {}), "TCPv4_SERVER link remote: [AF_UNSPEC]");
  EXPECT_EQ(certificate_revoked(0, "CN=one", "3"),
            "VERIFY ERROR: depth=0, error=certificate revoked: CN=one, serial=3");
  EXPECT_EQ(signal_received("SIGUSR1", false, connection_failed, "process restarting"),
            "SIGUSR1[connection failed(soft),connection-failed] received, process restarting");
  EXPECT_EQ(signal_received("SIGUSR1", false, "ping-restart", "process restarting"),
            "SIGUSR1[soft,ping-restart] received, process restarting");
  EXPECT_EQ(key_negotiation_timeout(60),
            "TLS Error: TLS key negotiation failed to occur within 60 seconds (check your network "
            "connectivity)");
  EXPECT_EQ(inactivity("server", false),
            "[server] Inactivity timeout (--ping-restart), restarting");
}

TEST(ImportedOptions, are_told_by_kind_in_stocks_order) {
  EXPECT_EQ(options_imported({"route", "dhcp-option", "route-gateway", "topology", "ping", "route",
                              "sndbuf", "verb", "peer-id", "setenv-safe", "tun-mtu"},
                             1500),
            (Lines{"OPTIONS IMPORT: --verb and/or --mute level changed",
                   "OPTIONS IMPORT: --sndbuf/--rcvbuf options modified",
                   "OPTIONS IMPORT: --ifconfig/up options modified",
                   "OPTIONS IMPORT: route options modified",
                   "OPTIONS IMPORT: route-related options modified",
                   "OPTIONS IMPORT: --ip-win32 and/or --dhcp-option options modified",
                   "OPTIONS IMPORT: environment modified", "OPTIONS IMPORT: tun-mtu set to 1500"}));
  EXPECT_EQ(options_imported({"ping", "cipher"}, {}), Lines());
  EXPECT_EQ(options_imported({"routes", "rout"}, {}), Lines()) << "whole names count";
}

TEST(TimerLine, names_what_runs) {
  EXPECT_EQ(timers({}), "");
  EXPECT_EQ(timers({.silence = 120}), "Timers: ping-restart 120");
  EXPECT_EQ(timers({.ping = 3, .silence = 100, .session = 5000, .exits = true}),
            "Timers: ping 3, ping-exit 100, session-timeout 5000");
  EXPECT_EQ(timers({.ping = 3, .silence = 120, .inactive = 100, .inactive_bytes = 5000}),
            "Timers: ping 3, ping-restart 120, inactive 100 5000");
}

TEST(ProtocolOptions, name_what_was_agreed) {
  session::Negotiated negotiated;
  EXPECT_EQ(protocol_options(0, negotiated), "");
  EXPECT_EQ(protocol_options(2, negotiated), "Protocol options: explicit-exit-notify 2");
  negotiated.cc_exit = negotiated.key_export = negotiated.dyn_tls_crypt = true;
  EXPECT_EQ(protocol_options(0, negotiated),
            "Protocol options: protocol-flags cc-exit tls-ekm dyn-tls-crypt");
  negotiated.epoch = true;
  EXPECT_EQ(protocol_options(1, negotiated),
            "Protocol options: explicit-exit-notify 1, protocol-flags cc-exit tls-ekm "
            "dyn-tls-crypt aead-epoch");
}

TEST(NotReached, has_stocks_form) {
  std::uint8_t report[8];
  store_u32(report, ECONNREFUSED);
  store_u32(report + 4, 3);
  const ip::Endpoint v4{*ip::Address::parse("192.0.2.1"), 1194};
  EXPECT_EQ(not_reached(v4, report),
            "read UDPv4 [ECONNREFUSED]: Connection refused (fd=3,code=111)");
  store_u32(report, 65000);
  const ip::Endpoint v6{*ip::Address::parse("2001:db8::1"), 1194};
  EXPECT_TRUE(not_reached(v6, report).starts_with("read UDPv6 [unknown]: "));
  EXPECT_TRUE(not_reached(v6, {}).starts_with("read UDPv6 ["));
}

}  // namespace
}  // namespace adit::node::lines
