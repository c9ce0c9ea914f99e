#include "options/pushed.h"

#include <gtest/gtest.h>

#include "options/table.h"
#include "tests/unit/options/reading.h"

namespace adit::options::testing {
namespace {

TEST(Pushed, sets_up_a_client) {
  Pulled pulled;
  const auto [verdict, issues, taken] = push({"route 192.168.1.0 255.255.255.0",
                                              "route-gateway 10.8.0.1",
                                              "topology subnet",
                                              "ping 10",
                                              "ping-restart 60",
                                              "ifconfig 10.8.0.2 255.255.255.0",
                                              "ifconfig-ipv6 fd88::1000/64 fd88::1",
                                              "tun-ipv6",
                                              "peer-id 3",
                                              "cipher AES-256-GCM",
                                              "protocol-flags cc-exit tls-ekm dyn-tls-crypt",
                                              "tun-mtu 1500",
                                              "dhcp-option DNS 10.8.0.1",
                                              "redirect-gateway def1 ipv6",
                                              "auth-token SESS_ID_x",
                                              "auth-token-user dQ==",
                                              "explicit-exit-notify 2",
                                              "verb 4",
                                              "mute 5",
                                              "sndbuf 1000",
                                              "rcvbuf 2000",
                                              "comp-lzo no",
                                              "setenv-safe A b",
                                              "persist-tun",
                                              "inactive 100",
                                              "session-timeout 200",
                                              "route-ipv6 fd00::/64",
                                              "block-ipv6",
                                              "socket-flags TCP_NODELAY",
                                              "route-metric 7",
                                              "dns server 0 address 10.8.0.1",
                                              "echo hello world"},
                                             pulled);
  EXPECT_EQ(verdict, PushVerdict::complete);
  EXPECT_EQ(errors(issues) + warnings(issues), 0u) << all_text(issues);
  EXPECT_EQ(pulled.routes.v4.at(0).network, "192.168.1.0");
  EXPECT_EQ(pulled.routes.v4.at(0).at, (Location{"[PUSH-OPTIONS]", 1}));
  EXPECT_EQ(pulled.routes.v6.at(0).prefix, "fd00::/64");
  EXPECT_EQ(pulled.routes.gateway, "10.8.0.1");
  EXPECT_EQ(pulled.routes.metric, 7u);
  EXPECT_TRUE(pulled.routes.redirect->def1 && pulled.routes.redirect->ipv6);
  EXPECT_EQ(pulled.device.topology, Topology::subnet);
  EXPECT_EQ(pulled.device.ifconfig->first, "10.8.0.2");
  EXPECT_EQ(pulled.device.ifconfig_ipv6->first, "fd88::1000/64");
  EXPECT_TRUE(pulled.device.block_ipv6 && pulled.persist_tun);
  EXPECT_EQ(pulled.timers.ping, Seconds(10));
  EXPECT_EQ(pulled.timers.ping_restart, Seconds(60));
  EXPECT_EQ(pulled.timers.inactive, Seconds(100));
  EXPECT_EQ(pulled.timers.session_timeout, Seconds(200));
  EXPECT_EQ(pulled.peer_id, 3u);
  EXPECT_EQ(pulled.cipher, "AES-256-GCM");
  EXPECT_TRUE(pulled.cc_exit && pulled.tls_ekm && pulled.dyn_tls_crypt && !pulled.aead_epoch);
  EXPECT_EQ(pulled.tun_mtu, 1500u);
  EXPECT_EQ(pulled.scripts.foreign_options.at(0), "dhcp-option DNS 10.8.0.1");
  EXPECT_EQ(pulled.scripts.variables.at(0), std::pair(std::string("OPENVPN_A"), std::string("b")));
  EXPECT_EQ(pulled.scripts.dns.at(0).at(3), "10.8.0.1");
  EXPECT_EQ(pulled.scripts.echoes.at(0), "hello world");
  EXPECT_EQ(pulled.auth_token.reveal(), "SESS_ID_x");
  EXPECT_EQ(pulled.auth_token_user, "u");
  EXPECT_EQ(pulled.explicit_exit_notify, 2u);
  EXPECT_EQ(pulled.verb, 4);
  EXPECT_EQ(pulled.mute, 5u);
  EXPECT_EQ(pulled.send_buffer, 1000u);
  EXPECT_EQ(pulled.receive_buffer, 2000u);
  EXPECT_EQ(pulled.compression, Compression::lzo_stub);
  EXPECT_TRUE(pulled.tcp_nodelay);
}

TEST(Pushed, adds_to_lists_and_replaces_single_values) {
  const Config config = client_with("route 10.1.0.0 255.255.0.0\nping 5\nping-exit 7\nverb 3\n");
  Pulled pulled;
  push({"route 10.2.0.0 255.255.0.0", "ping 9", "ping-restart 30"}, pulled, config);
  ASSERT_EQ(pulled.routes.v4.size(), 2u);
  EXPECT_EQ(pulled.routes.v4[1].network, "10.2.0.0");
  EXPECT_EQ(pulled.timers.ping, Seconds(9));
  EXPECT_EQ(pulled.timers.ping_exit, Seconds(0));
  EXPECT_EQ(pulled.timers.ping_restart, Seconds(30));
  EXPECT_FALSE(pulled.verb);
}

TEST(Pushed, goes_on_over_several_messages) {
  const Config config = client_with("");
  Pulled pulled = pulled_from(config);
  EXPECT_EQ(apply_pushed({"route 10.1.0.0", "push-continuation 2"}, config, pulled).verdict,
            PushVerdict::more);
  EXPECT_EQ(apply_pushed({"route 10.2.0.0", "push-continuation 1"}, config, pulled).verdict,
            PushVerdict::complete);
  EXPECT_EQ(pulled.routes.v4.size(), 2u);
}

TEST(Pushed, compression_obeys_allow_compression) {
  struct Row {
    const char* own;
    const char* pushed;
    bool accepted;
  };
  for (const Row& row : {
           Row{"", "comp-lzo yes", true},
           Row{"", "compress lz4-v2", true},
           Row{"allow-compression asym", "compress lz4", true},
           Row{"allow-compression yes", "comp-lzo adaptive", true},
           Row{"allow-compression no", "comp-lzo yes", false},
           Row{"allow-compression no", "compress lz4", false},
           Row{"allow-compression no", "compress lz4-v2", false},
           Row{"allow-compression no", "comp-lzo no", true},
           Row{"allow-compression no", "compress stub", true},
           Row{"allow-compression no", "compress stub-v2", true},
       }) {
    Pulled pulled;
    const auto verdict = push({row.pushed}, pulled, client_with(row.own)).verdict;
    EXPECT_EQ(verdict == PushVerdict::complete, row.accepted) << row.own << ' ' << row.pushed;
  }
}

TEST(Pushed, may_be_empty) {
  Pulled pulled;
  EXPECT_EQ(push({""}, pulled).verdict, PushVerdict::complete);
}

TEST(Pushed, skips_what_a_server_must_not_set) {
  for (const char* option : {"ca evil.crt",
                             "up /bin/evil",
                             "setenv PATH x",
                             "script-security 3",
                             "log /etc/passwd",
                             "config /etc/shadow",
                             "remote evil",
                             "plugin evil.so",
                             "management 0.0.0.0 1",
                             "cd /",
                             "auth-user-pass",
                             "writepid /x",
                             "tmp-dir /x",
                             "user root",
                             "route-up /bin/evil",
                             "data-ciphers none",
                             "ignore-unknown-option x",
                             "iroute 1.2.3.4",
                             "status /x",
                             "tls-export-cert /x",
                             "route-table 7",
                             "pull-filter accept x",
                             "providers evil"}) {
    Pulled pulled;
    const auto [verdict, issues, taken] = push({"ping 10", option, "ping 11"}, pulled);
    EXPECT_EQ(verdict, PushVerdict::complete);
    EXPECT_EQ(pulled.timers.ping, Seconds(11));
    EXPECT_TRUE(mentions(issues, "In [PUSH-OPTIONS]:2: ")) << option;
    EXPECT_TRUE(pulled.scripts.variables.empty());
    EXPECT_FALSE(pulled.scripts.up.defined());
  }
}

TEST(Pushed, names_the_position_of_what_is_unknown) {
  Pulled pulled;
  const Issues issues = push({"ping 10", "frobnicate 7"}, pulled).issues;
  EXPECT_TRUE(mentions(issues, "Options error: In [PUSH-OPTIONS]:2: Unrecognized option"));
  EXPECT_TRUE(mentions(push({"--ping 10"}, pulled).issues, "Unrecognized option"));
}

TEST(Pushed, ignores_options_of_windows_without_fuss) {
  Pulled pulled;
  const Issues issues =
      push({"block-outside-dns", "register-dns", "dhcp-pre-release"}, pulled).issues;
  EXPECT_EQ(errors(issues), 0u) << all_text(issues);
  EXPECT_EQ(issues.size(), 2u);
  EXPECT_TRUE(pulled.routes.block_outside_dns);  // which is done here
}

TEST(Pushed, lets_nothing_through_that_is_not_what_it_says) {
  for (const char* option : {"dhcp-option DNS $(reboot)",
                             "dhcp-option DOMAIN a;b",
                             "dhcp-option DO$MAIN x",
                             "route evil.example 255.255.255.0",
                             "route 10.0.0.0 255.0.255.0",
                             "route 10.0.0.0 x y",
                             "route-gateway gw.example",
                             "route-ipv6 10.0.0.0/8",
                             "ifconfig a b",
                             "ifconfig-ipv6 fd00::1/63 fd00::2",
                             "dns server 128 address 1.2.3.4",
                             "dns server -1 address 1.2.3.4",
                             "dns server 1 address name",
                             "dns search-domains a;b",
                             "topology ring",
                             "peer-id -1",
                             "peer-id 99999999",
                             "route 10.0.0.0 \"255.0.0.0",
                             "ping 1\x01",
                             "auth-token-user @@"}) {
    Pulled pulled;
    const auto [verdict, issues, taken] = push({option}, pulled);
    EXPECT_FALSE(issues.empty()) << option;
    EXPECT_EQ(verdict, PushVerdict::complete) << option;
    EXPECT_TRUE(pulled.scripts.foreign_options.empty()) << option;
    EXPECT_TRUE(pulled.scripts.dns.empty()) << option;
    EXPECT_TRUE(pulled.scripts.variables.empty()) << option;
    EXPECT_TRUE(pulled.routes.v4.empty()) << option;
    EXPECT_FALSE(pulled.device.ifconfig) << option;
  }
}

TEST(Pushed, takes_names_only_with_allow_pull_fqdn) {
  Pulled pulled;
  push({"route lan.example 255.255.255.255"}, pulled, client_with("allow-pull-fqdn"));
  EXPECT_EQ(pulled.routes.v4.size(), 1u);
}

TEST(PullFilter, first_match_decides) {
  const Config config = client_with(
      "pull-filter accept \"route 10.1.\"\npull-filter ignore \"route \"\npull-filter ignore "
      "verb\n");
  Pulled pulled;
  const auto [verdict, issues, taken] =
      push({"route 10.1.0.0 255.255.0.0", "route 10.2.0.0 255.255.0.0", "verb 9",
            "route-gateway 10.1.0.1"},
           pulled, config);
  EXPECT_EQ(verdict, PushVerdict::complete);
  EXPECT_EQ(pulled.routes.v4.size(), 1u);
  EXPECT_EQ(pulled.routes.gateway, "10.1.0.1");
  EXPECT_FALSE(pulled.verb);
  EXPECT_TRUE(mentions(issues, "Pushed option removed by filter: 'route 10.2.0.0 255.255.0.0'"));
}

TEST(PullFilter, reject_restarts) {
  Pulled pulled;
  const auto [verdict, issues, taken] =
      push({"ping 10", "redirect-gateway def1", "ping 11"}, pulled,
           client_with("pull-filter reject redirect-gateway"));
  EXPECT_EQ(verdict, PushVerdict::restart);
  EXPECT_TRUE(mentions(issues,
                       "In [PUSH-OPTIONS]:2: Pushed option rejected by filter: "
                       "'redirect-gateway def1'. Restarting"));
}

TEST(PullFilter, sees_what_a_blank_in_front_would_hide) {
  const Config config = client_with("pull-filter ignore \"route 10\"\n");
  for (const char* option : {" route 10.123.0.0 255.255.0.0", "\t route 10.123.0.0 255.255.0.0",
                             "\\ route 10.123.0.0 255.255.0.0"}) {
    Pulled pulled;
    EXPECT_TRUE(mentions(push({option}, pulled, config).issues, "removed by filter")) << option;
    EXPECT_TRUE(pulled.routes.v4.empty()) << option;
  }
}

TEST(PullFilter, does_not_print_tokens) {
  Pulled pulled;
  const Issues issues =
      push({"auth-token SECRET"}, pulled, client_with("pull-filter ignore auth-token")).issues;
  EXPECT_TRUE(mentions(issues, "'auth-token'"));
  EXPECT_FALSE(mentions(issues, "SECRET"));
  EXPECT_FALSE(mentions(push({"auth-token \"SECRET"}, pulled).issues, "SECRET"));
  EXPECT_FALSE(mentions(push({" auth-token \"SECRET"}, pulled).issues, "SECRET"));
}

TEST(Pushed, buffers_of_0_leave_what_is_there) {
  Pulled pulled;
  EXPECT_TRUE(push({"sndbuf 5", "sndbuf 0", "rcvbuf 0"}, pulled).issues.empty());
  EXPECT_FALSE(pulled.send_buffer || pulled.receive_buffer);
}

// Stock leaves out what no name can have, for whatever a script would make of it.
TEST(Pushed, variables_have_names_that_are_names) {
  using Variables = std::vector<std::pair<std::string, std::string>>;
  Pulled pulled;
  const Issues issues = push({"setenv-safe A=B c", "setenv-safe \"C $D\" e"}, pulled).issues;
  EXPECT_EQ(pulled.scripts.variables, (Variables{{"OPENVPN_AB", "c"}, {"OPENVPN_CD", "e"}}));
  EXPECT_EQ(warnings(issues), 2u) << all_text(issues);
}

TEST(Pushed, setenv_opt_opens_no_door) {
  Pulled pulled;
  EXPECT_TRUE(
      mentions(push({"setenv opt ping 7"}, pulled).issues, "option 'setenv' cannot be used"));
  EXPECT_EQ(pulled.timers.ping, Seconds(0));
}

TEST(RouteNopull, leaves_out_routes_and_names_but_not_the_address) {
  Pulled pulled;
  const Issues issues =
      push({"route 10.2.0.0 255.255.0.0", "redirect-gateway def1", "dhcp-option DNS 1.1.1.1",
            "dns server 1 address 1.1.1.1", "block-ipv6", "route-gateway 10.8.0.1",
            "topology subnet", "ifconfig 10.8.0.2 255.255.255.0"},
           pulled, client_with("route-nopull"))
          .issues;
  EXPECT_EQ(issues.size(), 5u) << all_text(issues);
  EXPECT_TRUE(pulled.routes.v4.empty());
  EXPECT_FALSE(pulled.routes.redirect);
  EXPECT_TRUE(pulled.scripts.foreign_options.empty());
  EXPECT_EQ(pulled.routes.gateway, "10.8.0.1");
  EXPECT_TRUE(pulled.device.ifconfig);
}

TEST(PushedCipher, must_be_one_of_ours) {
  Pulled pulled;
  EXPECT_EQ(push({"cipher AES-256-CBC"}, pulled).verdict, PushVerdict::fatal);
  EXPECT_EQ(push({"cipher none"}, pulled).verdict, PushVerdict::fatal);
  EXPECT_EQ(push({"cipher rot13"}, pulled).verdict, PushVerdict::fatal);
  EXPECT_EQ(push({"cipher aes-128-gcm"}, pulled).verdict, PushVerdict::complete);
  EXPECT_EQ(pulled.cipher, "AES-128-GCM");
  EXPECT_EQ(push({"cipher AES-256-CBC"}, pulled, client_with("data-ciphers-fallback AES-256-CBC"))
                .verdict,
            PushVerdict::complete);
}

// As stock 2.6.14: it says so and cuts it, and the tunnel comes up.
TEST(PushedMtu, that_is_too_large_is_cut_and_the_cure_told) {
  Pulled pulled;
  const PushOutcome outcome = push({"tun-mtu 1700"}, pulled);
  EXPECT_EQ(outcome.verdict, PushVerdict::complete);
  EXPECT_EQ(pulled.tun_mtu, 1600u);
  EXPECT_TRUE(mentions(outcome.issues, "add \"tun-mtu-max 1700\"")) << all_text(outcome.issues);
  push({"tun-mtu 1700"}, pulled, client_with("tun-mtu-max 1650"));
  EXPECT_EQ(pulled.tun_mtu, 1650u);
  push({"tun-mtu 1500"}, pulled, client_with("tun-mtu-max 1400"));  // 1600 are always allowed
  EXPECT_EQ(pulled.tun_mtu, 1500u);
}

TEST(PushedMtu, must_fit) {
  Pulled pulled;
  const PushOutcome outcome = push({"tun-mtu 1600"}, pulled);
  EXPECT_EQ(outcome.verdict, PushVerdict::complete);
  EXPECT_TRUE(outcome.issues.empty()) << all_text(outcome.issues);
  EXPECT_EQ(pulled.tun_mtu, 1600u);
  EXPECT_EQ(push({"tun-mtu 99"}, pulled).verdict, PushVerdict::fatal);
  EXPECT_EQ(push({"tun-mtu 67"}, pulled).verdict, PushVerdict::fatal);
  EXPECT_EQ(push({"tun-mtu 9000"}, pulled, client_with("tun-mtu-max 9000")).verdict,
            PushVerdict::complete);
  EXPECT_EQ(push({"tun-mtu 9000"}, pulled, client_with("tun-mtu 9000")).verdict,
            PushVerdict::complete);
}

TEST(PushedCompression, must_be_allowed) {
  Pulled pulled;
  EXPECT_EQ(push({"comp-lzo yes"}, pulled).verdict, PushVerdict::complete);
  EXPECT_EQ(push({"comp-lzo yes"}, pulled, client_with("allow-compression no")).verdict,
            PushVerdict::fatal);
  EXPECT_EQ(push({"compress stub-v2"}, pulled, client_with("allow-compression no")).verdict,
            PushVerdict::complete);
}

TEST(PushedProtocol, must_be_known) {
  Pulled pulled;
  EXPECT_EQ(push({"protocol-flags warp-drive"}, pulled).verdict, PushVerdict::fatal);
  EXPECT_EQ(push({"key-derivation guess"}, pulled).verdict, PushVerdict::fatal);
  EXPECT_EQ(push({"key-derivation tls-ekm"}, pulled).verdict, PushVerdict::complete);
}

// No row may reach for a part of the configuration that a push does not have.
TEST(Pushed, every_pushable_option_survives_any_words) {
  const std::vector<std::string> words{"",
                                       " 1",
                                       " x",
                                       " 10.0.0.1 255.255.255.0",
                                       " fd00::1/64 fd00::2",
                                       " server 1 address 1.2.3.4",
                                       " a b c d e f g"};
  for (const Row* row : all_rows()) {
    for (const std::string& tail : words) {
      Pulled pulled;
      push({std::string(row->name) + tail}, pulled, Config());
    }
  }
}

}  // namespace
}  // namespace adit::options::testing
