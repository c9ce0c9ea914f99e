// Lines that monitors match, in stock's words.

#include "node/lines.h"

#include <cerrno>

#include <gtest/gtest.h>

namespace adit::node::lines {
namespace {

using Lines = std::vector<std::string>;

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
