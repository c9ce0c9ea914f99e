// What each option makes of its words.

#include <gtest/gtest.h>

#include "tests/unit/options/reading.h"

namespace adit::options::testing {
namespace {

Config of(std::string_view text) {
  Parsed parsed = read(text);
  EXPECT_TRUE(parsed.ok()) << text << "\n" << all_text(parsed.issues);
  return std::move(parsed.config);
}

using Words = std::vector<std::string>;

TEST(Numbers, are_strict_and_say_what_was_rejected) {
  EXPECT_TRUE(mentions(read("mute x").issues, "--mute: \"x\" is not a number"));
  EXPECT_TRUE(mentions(read("mute \"\"").issues, "--mute: \"\" is not a number"));
  EXPECT_TRUE(mentions(read("mute -1").issues,
                       "\"-1\" is out of range: \"mute -1\" - use a number from 0"));
  EXPECT_TRUE(mentions(read("mute 99999999999999999999").issues, "is out of range"));
  EXPECT_TRUE(mentions(read("mark 0x10").issues, "\"0x10\" is not a number"));
  EXPECT_EQ(of("mute +5").logging.mute, 5u);
}

TEST(Numbers, take_sloppy_forms_with_a_warning) {
  const Parsed parsed = read("verb 3x");
  EXPECT_EQ(parsed.config.logging.verb, 3);
  EXPECT_EQ(warnings(parsed.issues), 1u);
}

TEST(ProtoOption, knows_every_form) {
  const std::pair<const char*, Proto> forms[] = {
      {"udp", {Transport::udp, {}}},
      {"udp4", {Transport::udp, ip::Family::v4}},
      {"udp6", {Transport::udp, ip::Family::v6}},
      {"tcp", {Transport::tcp, {}}},
      {"tcp4", {Transport::tcp, ip::Family::v4}},
      {"tcp6", {Transport::tcp, ip::Family::v6}},
      {"tcp-client", {Transport::tcp_client, {}}},
      {"tcp4-client", {Transport::tcp_client, ip::Family::v4}},
      {"tcp6-client", {Transport::tcp_client, ip::Family::v6}},
      {"tcp-server", {Transport::tcp_server, {}}},
      {"tcp4-server", {Transport::tcp_server, ip::Family::v4}},
      {"tcp6-server", {Transport::tcp_server, ip::Family::v6}},
  };
  for (const auto& [text, proto] : forms) {
    EXPECT_EQ(of(std::string("proto ") + text).connection.proto, proto) << text;
  }
  for (const char* wrong : {"sctp", "udp46", "u4dp", "tcp-4client", "UDP", "udp-client"}) {
    EXPECT_FALSE(read(std::string("proto ") + wrong).ok()) << wrong;
    EXPECT_FALSE(read(std::string("remote h 1194 ") + wrong).ok()) << wrong;
  }
}

TEST(PortOptions, differ_in_the_side_they_set) {
  const Connection both = of("port 5").connection;
  EXPECT_EQ(both.local_port, "5");
  EXPECT_EQ(both.remote_port, "5");
  EXPECT_FALSE(both.local_port_binds);
  EXPECT_TRUE(of("lport 5").connection.local_port_binds);
  EXPECT_EQ(of("rport https").connection.remote_port, "https");
  EXPECT_FALSE(read("port 65536").ok());
  EXPECT_FALSE(read("port a/b").ok());
}

TEST(RemoteOption, wants_a_host) {
  EXPECT_EQ(of("remote 2001:db8::1").remotes.lines.at(0).host, "2001:db8::1");
  EXPECT_EQ(of("remote fe80::1%eth0 1194 udp6").remotes.lines.at(0).host, "fe80::1%eth0");
  EXPECT_FALSE(read("remote fe80::1%").ok());
  EXPECT_FALSE(read("remote 192.0.2.1%eth0").ok());
  EXPECT_FALSE(read("remote vpn.example.com:1194").ok());
  EXPECT_FALSE(read("remote http://vpn.example.com").ok());
}

TEST(ConnectionOptions, fill_their_fields) {
  const Config config =
      of("local 192.0.2.1\nbind ipv6only\nfloat\nconnect-retry 3 60\nconnect-retry-max 4\n"
         "connect-timeout 9\nexplicit-exit-notify\nmtu-disc maybe\nresolv-retry 7\nremote-random\n"
         "mark 12\nbind-dev eth0\nsndbuf 1\nrcvbuf 2\nmultihome\nproto-force tcp\n"
         "socket-flags TCP_NODELAY\npasstos\nshaper 1000\n");
  const Connection& link = config.connection;
  EXPECT_EQ(link.local, "192.0.2.1");
  EXPECT_TRUE(link.bind && link.bind_ipv6_only && link.floats);
  EXPECT_EQ(link.connect_retry, Seconds(3));
  EXPECT_EQ(link.connect_retry_max, Seconds(60));
  EXPECT_EQ(link.connect_retry_rounds, 4u);
  EXPECT_EQ(link.server_poll_timeout, Seconds(9));
  EXPECT_EQ(link.explicit_exit_notify, 1u);
  EXPECT_EQ(link.mtu_discovery, Connection::MtuDiscovery::maybe);
  EXPECT_EQ(config.remotes.resolve_retry, Seconds(7));
  EXPECT_TRUE(config.remotes.random && config.remotes.multihome && config.remotes.tcp_nodelay);
  EXPECT_TRUE(config.remotes.mark_set);
  EXPECT_EQ(config.remotes.mark, 12u);
  EXPECT_EQ(config.remotes.bind_device, "eth0");
  EXPECT_TRUE(config.remotes.pass_tos);
  EXPECT_EQ(config.timers.shaper_bytes_per_second, 1000u);
  EXPECT_FALSE(read("shaper 99").ok());
  EXPECT_FALSE(read("shaper 100000001").ok());
  EXPECT_EQ(config.remotes.send_buffer, 1u);
  EXPECT_EQ(config.remotes.receive_buffer, 2u);
  EXPECT_FALSE(of("resolv-retry 7\nresolv-retry infinite").remotes.resolve_retry);
  EXPECT_FALSE(read("socket-flags SO_FAST").ok());
  EXPECT_FALSE(read("mtu-disc often").ok());
}

TEST(BufferOptions, with_0_are_as_if_unsaid) {
  const Config config = of("sndbuf 5\nrcvbuf 5\ntxqueuelen 5\nsndbuf 0\nrcvbuf 0\ntxqueuelen 0\n");
  EXPECT_FALSE(config.remotes.send_buffer || config.remotes.receive_buffer);
  EXPECT_FALSE(config.device.tx_queue_length);
}

TEST(ConnectTimeout, of_0_never_gives_up) {
  for (const char* line :
       {"connect-timeout 0", "server-poll-timeout 0", "setenv SERVER_POLL_TIMEOUT 0"}) {
    EXPECT_GT(of(line).connection.server_poll_timeout, std::chrono::years(1)) << line;
  }
}

TEST(MtuOptions, fill_their_fields) {
  using Kind = Connection::MssfixKind;
  const Connection link =
      of("tun-mtu 1400 1420\ntun-mtu-extra 32\ntun-mtu-max 1600\nmssfix 1200 fixed").connection;
  EXPECT_EQ(link.tun_mtu, 1400u);
  EXPECT_EQ(link.occ_mtu, 1420u);
  EXPECT_EQ(link.tun_mtu_max, 1600u);
  EXPECT_EQ(link.mssfix, 1200u);
  EXPECT_EQ(link.mssfix_kind, Kind::fixed);
  EXPECT_EQ(of("mssfix 0").connection.mssfix, 0u);
  EXPECT_FALSE(of("mssfix 1200\nmssfix").connection.mssfix);
  EXPECT_EQ(of("link-mtu 1300").connection.link_mtu, 1300u);
  EXPECT_EQ(of("udp-mtu 1300").connection.link_mtu, 1300u);
  const Connection small = of("max-packet-size 1000").connection;
  EXPECT_EQ(small.max_packet_size, 1000u);
  EXPECT_EQ(small.mssfix, 1000u);
  EXPECT_EQ(small.mssfix_kind, Kind::mtu);
  EXPECT_EQ(of("max-packet-size 100").connection.max_packet_size, 154u);
  EXPECT_FALSE(read("tun-mtu 67").ok());
  EXPECT_FALSE(read("mssfix 1200 foo").ok());
  EXPECT_FALSE(read("tun-mtu-max 50").ok());
}

TEST(DeviceOptions, fill_their_fields) {
  const Device device =
      of("dev office\ndev-type tun\ndev-node /dev/tun9\ntopology p2p\nifconfig 10.0.0.1 10.0.0.2\n"
         "ifconfig-ipv6 fd00::1 fd00::2\nifconfig-noexec\nifconfig-nowarn\ntxqueuelen 5\n"
         "persist-tun\nblock-ipv6\n")
          .device;
  EXPECT_EQ(device.name, "office");
  EXPECT_EQ(device.type, DevType::tun);
  EXPECT_EQ(device.node, "/dev/tun9");
  EXPECT_EQ(device.topology, Topology::p2p);
  EXPECT_EQ(device.ifconfig->second, "10.0.0.2");
  EXPECT_EQ(device.ifconfig_ipv6->first, "fd00::1/64");
  EXPECT_TRUE(device.ifconfig_noexec && device.persist_tun);
  EXPECT_TRUE(device.block_ipv6);
  EXPECT_EQ(device.tx_queue_length, 5u);
  for (const char* wrong : {"dev ../tun", "dev a-name-that-is-too-long", "topology ring",
                            "ifconfig a b", "ifconfig-ipv6 fd00::2/63 fd00::1", "dev-type foo"}) {
    EXPECT_FALSE(read(wrong).ok()) << wrong;
  }
}

TEST(RouteOptions, keep_what_was_written) {
  const Config config =
      of("route 10.1.0.0 255.255.0.0\nroute 10.2.0.1\nroute host.example default net_gateway 7\n"
         "route 10.3.0.0 255.255.0.0 default default\nroute-ipv6 fd00:1::/48 fd00::9 5\n"
         "route-ipv6 fd00:2::1\nroute-gateway 10.8.0.9\nroute-ipv6-gateway fd00::9\n"
         "route-metric 3\nroute-delay 5 30\nroute-noexec\nroute-nopull\nroute-table 100\n");
  const Routes& routes = config.routes;
  ASSERT_EQ(routes.v4.size(), 4u);
  EXPECT_EQ(routes.v4[1].netmask, "");
  EXPECT_EQ(routes.v4[2].network, "host.example");
  EXPECT_EQ(routes.v4[2].netmask, "");
  EXPECT_EQ(routes.v4[2].gateway, "net_gateway");
  EXPECT_EQ(routes.v4[2].metric, "7");
  EXPECT_EQ(routes.v4[3].gateway, "");
  EXPECT_EQ(routes.v4[3].at.line, 4);
  EXPECT_EQ(routes.v6.at(0).gateway, "fd00::9");
  EXPECT_EQ(routes.v6.at(0).metric, "5");
  EXPECT_EQ(routes.v6.at(1).prefix, "fd00:2::1/128");
  EXPECT_EQ(routes.gateway, "10.8.0.9");
  EXPECT_EQ(routes.gateway6, "fd00::9");
  EXPECT_EQ(routes.metric, 3u);
  EXPECT_TRUE(routes.noexec && routes.nopull);
  EXPECT_EQ(routes.table, 100u);
}

TEST(RouteOptions, take_every_metric_that_the_kernel_has) {
  const Routes routes =
      of("route 10.1.0.0 255.255.0.0 default 70000\nroute-ipv6 fd00::/64 default 2147483647\n")
          .routes;
  EXPECT_EQ(routes.v4.at(0).metric, "70000");
  EXPECT_EQ(routes.v6.at(0).metric, "2147483647");
  EXPECT_TRUE(mentions(read("route 10.1.0.0 255.255.0.0 default 2147483648").issues,
                       "is not a metric; this route is left out"));
}

TEST(RouteGateway, may_be_a_name_that_leads_nowhere) {
  for (const char* word : {"vpn_gateway", "net_gateway", "remote_host"}) {
    const Parsed parsed = read(std::string("route-gateway ") + word);
    EXPECT_TRUE(parsed.ok()) << word;
    EXPECT_EQ(parsed.config.routes.gateway, word);
    EXPECT_TRUE(mentions(parsed.issues, "is none that packets can be sent to")) << word;
  }
  EXPECT_FALSE(read("route-gateway gateway").ok());
}

TEST(VerifyHash, of_a_block_is_sha256_unless_said_otherwise) {
  const std::string line = std::string(64, 'a') + "\n";
  const Identity block = of("<verify-hash>\n" + line + line + "</verify-hash>\n").identity;
  EXPECT_EQ(block.issuer_hashes.size(), 2u);
  EXPECT_FALSE(block.issuer_hashes_sha1);
  EXPECT_TRUE(of("verify-hash " + std::string(40, 'a')).identity.issuer_hashes_sha1);
}

TEST(RouteOptions, leave_out_what_cannot_be_a_route) {
  for (const char* line : {"route 10.0.0.0 255.0.255.0", "route 10.0.0.0 mask",
                           "route 10.0.0.0 255.0.0.0 default high", "route-ipv6 10.0.0.0/8",
                           "route-ipv6 fd00::/129", "route-ipv6 fd00::/64 gw"}) {
    const Parsed parsed = read(line);
    EXPECT_TRUE(parsed.ok());
    EXPECT_TRUE(mentions(parsed.issues, "this route is left out")) << line;
    EXPECT_TRUE(parsed.config.routes.v4.empty() && parsed.config.routes.v6.empty());
  }
  EXPECT_TRUE(mentions(read("route 10.0.0.0/8").issues, "write 10.0.0.0 255.0.0.0"));
}

TEST(RedirectOptions, add_up_their_flags) {
  const auto redirect = of("redirect-private local autolocal\n"
                           "redirect-gateway def1 bypass-dhcp bypass-dns block-local ipv6 !ipv4")
                            .routes.redirect;
  ASSERT_TRUE(redirect);
  EXPECT_TRUE(redirect->on && redirect->local && redirect->autolocal && redirect->def1);
  EXPECT_TRUE(redirect->bypass_dhcp && redirect->bypass_dns && redirect->block_local);
  EXPECT_TRUE(redirect->ipv6 && redirect->no_ipv4);
  EXPECT_FALSE(of("redirect-private").routes.redirect->on);
  EXPECT_TRUE(mentions(read("redirect-gateway foo").issues, "\"foo\" is not a known flag"));
}

TEST(DnsOptions, keep_their_words) {
  const Scripts scripts =
      of("dhcp-option DNS 10.0.0.1\ndhcp-option DOMAIN office.example\n"
         "dhcp-option PROXY_HTTP 10.0.0.1 3128\ndns search-domains a.example b.example\n"
         "dns server -3 address 1.2.3.4:53 [fd00::1]:53 fd00::2\ndns server -3 dnssec optional\n")
          .scripts;
  EXPECT_EQ(scripts.foreign_options,
            (Words{"dhcp-option DNS 10.0.0.1", "dhcp-option DOMAIN office.example",
                   "dhcp-option PROXY_HTTP 10.0.0.1 3128"}));
  ASSERT_EQ(scripts.dns.size(), 3u);
  EXPECT_EQ(scripts.dns[0], (Words{"search-domains", "a.example", "b.example"}));
  EXPECT_EQ(scripts.dns[1].size(), 6u);
  for (const char* wrong :
       {"dns foo", "dns server x address 1.2.3.4", "dns server 500 address 1.2.3.4",
        "dns server 1 address foo", "dns server 1 dnssec foo", "dns server 1 transport DoX",
        "dns server 1 foo a", "dns server 1", "dns server 1 address",
        "dns server 1 address 1.2.3.4:99999", "dns search-domains"}) {
    EXPECT_FALSE(read(wrong).ok()) << wrong;
  }
}

TEST(IdentityOptions, fill_their_fields) {
  const Identity id =
      of("capath /ca\naskpass\nremote-cert-tls server\nremote-cert-ku a0 88\nremote-cert-eku "
         "1.2.3\n"
         "verify-x509-name srv name-prefix\ntls-version-min 1.0\ntls-version-max 1.3\n"
         "tls-cipher X\ntls-ciphersuites Y\ntls-groups a:b\ntls-cert-profile suiteb\n"
         "providers legacy default\nx509-username-field ext:subjectAltName CN\n"
         "crl-verify crls dir\n")
          .identity;
  EXPECT_EQ(id.ca_path, "/ca");
  EXPECT_TRUE(id.askpass_set);
  EXPECT_EQ(id.askpass, "-");
  EXPECT_EQ(of("askpass stdin").identity.askpass, "-");
  EXPECT_EQ(id.remote_cert_tls, Identity::CertUsage::server);
  EXPECT_EQ(id.remote_cert_ku, (std::vector<unsigned>{0xA0, 0x88}));
  EXPECT_EQ(id.remote_cert_eku, "1.2.3");
  EXPECT_EQ(id.verify_x509_name, "srv");
  EXPECT_EQ(id.verify_x509_type, Identity::NameMatch::name_prefix);
  EXPECT_EQ(id.tls_version_min, "1.0");
  EXPECT_EQ(id.tls_version_max, "1.3");
  EXPECT_EQ(id.tls_cipher, "X");
  EXPECT_EQ(id.tls_ciphersuites, "Y");
  EXPECT_EQ(id.tls_groups, "a:b");
  EXPECT_EQ(id.cert_profile, Identity::CertProfile::suiteb);
  EXPECT_EQ(id.providers, (Words{"legacy", "default"}));
  EXPECT_EQ(id.username_fields, (Words{"ext:subjectAltName", "CN"}));
  EXPECT_TRUE(id.crl_is_directory);
  EXPECT_EQ(of("ecdh-curve prime256v1").identity.tls_groups, "prime256v1");
  EXPECT_EQ(of("ns-cert-type client").identity.remote_cert_tls, Identity::CertUsage::client);
  EXPECT_EQ(of("remote-cert-ku").identity.remote_cert_ku, (std::vector<unsigned>{0xFFFF}));
  EXPECT_EQ(of("x509-username-field cn").identity.username_fields, (Words{"CN"}));
  for (const char* wrong :
       {"remote-cert-tls foo", "remote-cert-ku zz", "verify-x509-name a b", "tls-version-max 2",
        "tls-cert-profile foo", "x509-username-field ext:foo", "crl-verify ccd file",
        "ns-cert-type foo", "tls-version-min 1.2 or-so"}) {
    EXPECT_FALSE(read(wrong).ok()) << wrong;
  }
}

TEST(PeerFingerprint, is_normalised_and_grows) {
  const std::string one(64, 'a');
  const Config config = of("peer-fingerprint " + one + "\n<peer-fingerprint>\n# x\n\n" + one +
                           "\n</peer-fingerprint>\n");
  ASSERT_EQ(config.identity.peer_fingerprints.size(), 2u);
  EXPECT_EQ(config.identity.peer_fingerprints[0].substr(0, 6), "AA:AA:");
  EXPECT_EQ(config.identity.peer_fingerprints[0].size(), 95u);
  EXPECT_FALSE(read("peer-fingerprint aa:bb").ok());
}

TEST(ControlChannelKeys, know_their_second_word) {
  EXPECT_EQ(of("tls-auth ta.key 1").connection.key_direction, 1);
  EXPECT_FALSE(of("tls-auth ta.key").connection.key_direction);
  EXPECT_EQ(of("key-direction 0").connection.key_direction, 0);
  EXPECT_EQ(of("tls-crypt-v2 k force-cookie").connection.tls_crypt_v2_cookie,
            Connection::Cookie::force_cookie);
  EXPECT_TRUE(read("tls-crypt ta.key 1").ok());
  EXPECT_FALSE(read("tls-auth ta.key 3").ok());
  EXPECT_FALSE(read("key-direction 2").ok());
  EXPECT_FALSE(read("tls-crypt-v2 k foo").ok());
}

TEST(DataCiphers, are_known_spelled_alike_and_optional_with_a_question_mark) {
  EXPECT_EQ(of("data-ciphers aes-256-gcm:?rot13:chacha20-poly1305").channel.data_ciphers,
            (Words{"AES-256-GCM", "CHACHA20-POLY1305"}));
  EXPECT_EQ(of("data-ciphers AES-128-CBC:DEFAULT").channel.data_ciphers.size(), 4u);
  EXPECT_EQ(of("ncp-ciphers AES-128-GCM").channel.data_ciphers, (Words{"AES-128-GCM"}));
  EXPECT_TRUE(
      mentions(read("data-ciphers AES-256-GCM:ROT13").issues, "unknown cipher in the list: ROT13"));
  EXPECT_FALSE(read("data-ciphers ?ROT13").ok());
  EXPECT_EQ(of("data-ciphers-fallback bf-cbc").channel.data_ciphers_fallback, "BF-CBC");
  EXPECT_FALSE(read("data-ciphers-fallback rot13").ok());
  EXPECT_EQ(of("cipher none").channel.cipher, "none");
}

TEST(ChannelOptions, fill_their_fields) {
  const Channel channel =
      of("auth sha512\nreplay-window 1024 30\nmute-replay-warnings\nreneg-sec 100 50\n"
         "reneg-bytes 9999999999\nreneg-pkts 7\nhand-window 5\ntran-window 6\ntls-timeout 3\n"
         "disable-occ\nforce-tls-key-material-export\ntls-exit\nsingle-session\npersist-key\n"
         "compat-mode 2.5.11\nallow-compression asym\n")
          .channel;
  EXPECT_EQ(channel.auth, "SHA512");
  EXPECT_EQ(channel.replay_window, 1024u);
  EXPECT_EQ(channel.replay_time, Seconds(30));
  EXPECT_TRUE(channel.replay_window_set && channel.mute_replay_warnings);
  EXPECT_EQ(channel.reneg, Seconds(100));
  EXPECT_EQ(channel.reneg_min, Seconds(50));
  EXPECT_EQ(channel.reneg_bytes, 9999999999u);
  EXPECT_EQ(channel.reneg_packets, 7u);
  EXPECT_EQ(channel.hand_window, Seconds(5));
  EXPECT_EQ(channel.tran_window, Seconds(6));
  EXPECT_EQ(channel.tls_timeout, Seconds(3));
  EXPECT_TRUE(channel.force_key_export && channel.tls_exit);
  EXPECT_TRUE(channel.single_session && channel.persist_key);
  EXPECT_EQ(channel.compat_mode, 20511u);
  EXPECT_EQ(channel.allow_compression, Channel::AllowCompression::asym);
  EXPECT_EQ(of("auth none").channel.auth, "none");
  for (const char* wrong : {"replay-window 70000", "replay-window 64 700", "replay-window -1",
                            "compat-mode 2", "compat-mode 2.x.1", "allow-compression foo"}) {
    EXPECT_FALSE(read(wrong).ok()) << wrong;
  }
}

TEST(CompressionOptions, know_every_framing) {
  const std::pair<const char*, Compression> forms[] = {
      {"comp-lzo", Compression::lzo},
      {"comp-lzo yes", Compression::lzo},
      {"comp-lzo adaptive", Compression::lzo},
      {"comp-lzo no", Compression::lzo_stub},
      {"compress", Compression::stub},
      {"compress stub", Compression::stub},
      {"compress lzo", Compression::lzo},
      {"compress lz4", Compression::lz4},
      {"compress lz4-v2", Compression::lz4_v2},
      {"compress stub-v2", Compression::stub_v2},
      {"compress migrate", Compression::migrate},
  };
  for (const auto& [text, compression] : forms) {
    EXPECT_EQ(of(text).channel.compression, compression) << text;
  }
  EXPECT_FALSE(read("comp-lzo foo").ok());
  EXPECT_FALSE(read("compress foo").ok());
}

TEST(TimerOptions, share_one_clock_for_exit_and_restart) {
  const Timers timers = of("ping 5\nping-exit 10\nping-restart 20\nping-timer-rem").timers;
  EXPECT_EQ(timers.ping, Seconds(5));
  EXPECT_EQ(timers.ping_exit, Seconds(0));
  EXPECT_EQ(timers.ping_restart, Seconds(20));
  EXPECT_TRUE(timers.timer_remote);
  EXPECT_EQ(of("ping-restart 20\nping-exit 10").timers.ping_restart, Seconds(0));
  EXPECT_EQ(of("inactive 60 5000000000").timers.inactive_bytes, 5000000000u);
  EXPECT_EQ(of("session-timeout 60").timers.session_timeout, Seconds(60));
}

TEST(ServerOptions, fill_their_fields) {
  const Config config =
      of("mode server\nclient-config-dir ccd\nccd-exclusive\nclient-to-client\nduplicate-cn\n"
         "max-clients 5\nmax-routes-per-client 6\nifconfig-pool 10.0.0.2 10.0.0.9\n"
         "ifconfig-pool-persist ipp 0\nifconfig-ipv6-pool fd00::100/64\n"
         "ifconfig-push-constraint 10.0.0.0 255.0.0.0\nverify-client-cert optional\n"
         "username-as-common-name\nauth-user-pass-optional\nconnect-freq 3 4\n"
         "connect-freq-initial 5 6\ntcp-queue-limit 7\ntcp-nodelay\n");
  const Server& server = config.server;
  EXPECT_EQ(config.mode, Mode::server);
  EXPECT_EQ(server.ccd, "ccd");
  EXPECT_TRUE(server.ccd_exclusive && server.client_to_client && server.duplicate_cn);
  EXPECT_EQ(server.max_clients, 5u);
  EXPECT_EQ(server.max_routes_per_client, 6u);
  EXPECT_EQ(server.pool->end, "10.0.0.9");
  EXPECT_EQ(server.pool_persist_interval, Seconds(0));
  EXPECT_EQ(server.pool6->address.text(), "fd00::100");
  EXPECT_TRUE(server.push_constraint);
  EXPECT_EQ(config.identity.verify_client_cert, Identity::ClientCert::optional);
  EXPECT_TRUE(server.username_as_common_name && server.auth_user_pass_optional);
  EXPECT_EQ(server.connect_freq, std::pair(3u, Seconds(4)));
  EXPECT_EQ(server.connect_freq_initial, std::pair(5u, Seconds(6)));
  EXPECT_EQ(server.tcp_queue_limit, 7u);
  EXPECT_TRUE(server.tcp_nodelay);
  for (const char* wrong :
       {"mode foo", "max-clients 0", "ifconfig-pool 10.0.0.9 10.0.0.2",
        "ifconfig-pool 10.0.0.0 10.1.0.0", "connect-freq 0 1", "ifconfig-ipv6-pool fd00::/63"}) {
    EXPECT_FALSE(read(wrong).ok()) << wrong;
  }
}

TEST(PushOption, warns_of_what_clients_do_not_take) {
  EXPECT_TRUE(mentions(read("push \"a,b\"").issues, "a comma cannot be sent in an option"));
  EXPECT_TRUE(mentions(read("push \"verify-x509-name x\"").issues, "clients do not take"));
  EXPECT_TRUE(mentions(read("push \"--route 10.0.0.0\"").issues, "leading dashes"));
  EXPECT_TRUE(read("push \"block-outside-dns\"").issues.empty());
  EXPECT_TRUE(read("push \"route 10.0.0.0 255.0.0.0\"").issues.empty());
  EXPECT_TRUE(read("push \"some-future-option x\"").issues.empty());
  EXPECT_FALSE(read("push route 10.0.0.0 255.0.0.0").ok());
}

TEST(ClientOptions, fill_their_fields) {
  const Client client =
      of("pull\nauth-user-pass up.txt\nauth-retry interact\nauth-nocache\npush-peer-info\n"
         "pull-filter ignore \"route \"\nup-delay\npersist-local-ip\npersist-remote-ip\n"
         "allow-recursive-routing\nallow-pull-fqdn\nauth-token t\nauth-token-user dQ==\n")
          .client;
  EXPECT_TRUE(client.pull && client.auth_user_pass && client.auth_nocache);
  EXPECT_EQ(client.auth_user_pass_file.path, "up.txt");
  EXPECT_EQ(client.auth_retry, Client::AuthRetry::interact);
  EXPECT_TRUE(client.push_peer_info && client.persist_local_ip);
  EXPECT_TRUE(client.persist_remote_ip && client.allow_recursive_routing);
  EXPECT_TRUE(client.allow_pull_fqdn);
  EXPECT_EQ(client.pull_filters.at(0).prefix, "route ");
  EXPECT_EQ(client.auth_token.reveal(), "t");
  EXPECT_EQ(client.auth_token_user, "u");
  for (const char* asks : {"auth-user-pass", "auth-user-pass stdin"}) {
    EXPECT_FALSE(of(asks).client.auth_user_pass_file.defined()) << asks;
    const Client last = of(std::string("auth-user-pass up.txt\n") + asks).client;
    EXPECT_TRUE(last.auth_user_pass && !last.auth_user_pass_file.defined()) << asks;
  }
  EXPECT_EQ(of("<auth-user-pass>\nu\np\n</auth-user-pass>").client.auth_user_pass_file.text,
            "u\np\n");
  EXPECT_FALSE(read("auth-retry foo").ok());
  EXPECT_FALSE(read("pull-filter foo bar").ok());
}

TEST(KeyingMaterial, is_exported_under_a_registered_kind_of_label) {
  const Channel channel = of("keying-material-exporter EXPORTER-mine 20").channel;
  EXPECT_EQ(channel.exporter_label, "EXPORTER-mine");
  EXPECT_EQ(channel.exporter_bytes, 20u);
  for (const char* wrong :
       {"mine 20", "EXPORTER-mine 15", "EXPORTER-mine 4096", "EXPORTER-mine x"}) {
    EXPECT_FALSE(read(std::string("keying-material-exporter ") + wrong).ok()) << wrong;
  }
}

TEST(ScriptOptions, split_their_command) {
  const Scripts scripts = of("script-security 3\nup \"/bin/up 'a b' c\\\\ d\"\ndown /bin/down\n"
                             "ipchange \"/bin/ch a,b\"\ntls-verify \"/bin/v "
                             "a,b\"\nauth-user-pass-verify /bin/check via-file\ntmp-dir /run\n"
                             "up-restart\ndown-pre\n")
                              .scripts;
  EXPECT_EQ(scripts.security, 3);
  EXPECT_EQ(scripts.up.words, (Words{"/bin/up", "a b", "c d"}));
  EXPECT_EQ(scripts.up.at.line, 2);
  EXPECT_EQ(scripts.ipchange.words, (Words{"/bin/ch", "a", "b"}));
  EXPECT_EQ(scripts.tls_verify.words, (Words{"/bin/v", "a", "b"}));
  EXPECT_TRUE(scripts.auth_via_file && scripts.up_restart && scripts.down_pre);
  EXPECT_EQ(scripts.tmp_dir, "/run");
  const Parsed twice = read("up /bin/a\nup /bin/b\n");
  EXPECT_EQ(twice.config.scripts.up.words, (Words{"/bin/b"}));
  EXPECT_TRUE(mentions(twice.issues, "Multiple --up scripts defined"));
  EXPECT_FALSE(read("up \"\"").ok());
  EXPECT_FALSE(read("up \"'x\"").ok());
  EXPECT_FALSE(read("auth-user-pass-verify /bin/check").ok());
  EXPECT_FALSE(read("auth-user-pass-verify /bin/check via-air").ok());
}

TEST(ProcessAndLogOptions, fill_their_fields) {
  const Config config =
      of("daemon ovpn\nwritepid p\nuser u\ngroup g\nnice -5\nremap-usr1 SIGTERM\nverb 99\nmute 4\n"
         "log a\nlog-append b\nsyslog tag\nsuppress-timestamps\nmachine-readable-output\n"
         "errors-to-stderr\nstatus s 5\nstatus-version 3\necho a b\nparameter c\n");
  EXPECT_TRUE(config.process.daemon);
  EXPECT_EQ(config.process.daemon_name, "ovpn");
  EXPECT_EQ(config.process.write_pid, "p");
  EXPECT_EQ(config.process.user + config.process.group, "ug");
  EXPECT_EQ(config.process.nice, -5);
  EXPECT_EQ(config.process.remap_usr1, Process::Usr1::sigterm);
  EXPECT_EQ(config.logging.verb, 11);
  EXPECT_EQ(config.logging.file, "b");
  EXPECT_TRUE(config.logging.append && config.logging.syslog);
  EXPECT_EQ(config.logging.syslog_name, "tag");
  EXPECT_TRUE(config.logging.suppress_timestamps && config.logging.machine_readable);
  EXPECT_TRUE(config.logging.errors_to_stderr);
  EXPECT_EQ(config.logging.status_interval, Seconds(5));
  EXPECT_EQ(config.logging.status_version, 3);
  EXPECT_EQ(config.scripts.echoes, (Words{"a b", "c"}));
  for (const char* wrong : {"status-version 4", "remap-usr1 SIGUSR2", "nice 20", "verb -1"}) {
    EXPECT_FALSE(read(wrong).ok()) << wrong;
  }
}

TEST(StaticChallenge, travels_beside_the_password) {
  EXPECT_TRUE(of("static-challenge PIN 0 scrv1").client.static_challenge);
  EXPECT_TRUE(mentions(read("static-challenge PIN 0 concat").issues, "write scrv1"));
  EXPECT_FALSE(read("static-challenge PIN 0 both").ok());
  EXPECT_TRUE(mentions(read("auth-user-pass username-only").issues, "give any password"));
}

TEST(RouteGateway, is_an_address_or_dhcp) {
  EXPECT_EQ(of("route-gateway dhcp").routes.gateway, "dhcp");
  for (const char* other : {"10.8.0.0/24", "10.8.0.999", "gw.example.com"}) {
    EXPECT_TRUE(
        mentions(read(std::string("route-gateway ") + other).issues, "write an address, or dhcp"));
  }
}

// Tools may use what a tunnel may not, so these fields can be reached behind a tool.
TEST(RefusedOptions, already_fill_their_fields) {
  const Config config = of(
      "genkey\nmanagement /run/m unix pw\nmanagement-hold\nmanagement-external-key pss\n"
      "http-proxy h 3128 auto\nhttp-proxy-option AGENT me\nsocks-proxy s\nfragment 1200\n"
      "plugin a.so b c\nplugin pam.so \"login 'user name'\"\nauth-gen-token 60 130 external-auth\n"
      "static-challenge \"PIN please\" 1\nchroot /jail\nmlock\n"
      "pkcs12 me.p12\nsecret s.key 1\nport-share h 443\nstale-routes-check 5\n");
  EXPECT_EQ(config.management.address + config.management.port, "/run/munix");
  EXPECT_TRUE(config.management.hold && config.management.external_key);
  EXPECT_TRUE(config.connection.http_proxy->automatic);
  EXPECT_EQ(config.connection.http_proxy->user_agent, "me");
  EXPECT_EQ(config.connection.socks_proxy->port, "1080");
  EXPECT_EQ(config.connection.fragment, 1200u);
  EXPECT_EQ(config.scripts.plugins.at(0).words, (Words{"a.so", "b", "c"}));
  EXPECT_EQ(config.scripts.plugins.at(1).words, (Words{"pam.so", "login", "user name"}));
  EXPECT_EQ(config.server.auth_gen_token->renewal, Seconds(130));
  EXPECT_TRUE(config.server.auth_gen_token->external_auth);
  EXPECT_EQ(config.client.static_challenge->text, "PIN please");
  EXPECT_EQ(config.process.chroot, "/jail");
  EXPECT_TRUE(config.process.mlock);
  EXPECT_EQ(config.identity.pkcs12.path, "me.p12");
  EXPECT_EQ(config.secret.path, "s.key");
  EXPECT_EQ(config.server.port_share->second, "443");
}

TEST(Values, of_client_nat_are_kept_as_they_stand) {
  const Config config = read(
                            "client-nat snat 10.1.0.0 255.255.0.0 10.2.0.0\n"
                            "client-nat dnat 10.50.0.7 255.255.255.255 10.60.0.7\n")
                            .config;
  const std::vector<NatLine> wanted{{false, 0x0A010000, 0xFFFF0000, 0x0A020000},
                                    {true, 0x0A320007, 0xFFFFFFFF, 0x0A3C0007}};
  EXPECT_EQ(config.routes.client_nat, wanted);
  EXPECT_FALSE(read("client-nat masq 10.1.0.0 255.255.0.0 10.2.0.0").ok());
  EXPECT_FALSE(read("client-nat snat host.example 255.255.0.0 10.2.0.0").ok());
  EXPECT_TRUE(
      mentions(read("client-nat snat 10.1.0.5 255.255.0.0 10.2.0.0").issues, "no address matches"));
}

TEST(Values, of_names_and_the_kill_switch) {
  EXPECT_EQ(read("dns-updown force").config.scripts.dns_choice, DnsUpdown::force);
  EXPECT_EQ(read("dns-updown disable").config.scripts.dns_choice, DnsUpdown::disable);
  const Config own = read("dns-updown '/bin/names -v'").config;
  EXPECT_EQ(own.scripts.dns_updown.words, (std::vector<std::string>{"/bin/names", "-v"}));
  EXPECT_EQ(own.scripts.dns_choice, DnsUpdown::usual);
  EXPECT_TRUE(read("block-outside-dns").config.routes.block_outside_dns);
  EXPECT_EQ(read("kill-switch").config.kill_switch, (KillSwitch{true, false}));
  EXPECT_EQ(read("kill-switch allow-lan").config.kill_switch, (KillSwitch{true, true}));
  EXPECT_FALSE(read("kill-switch everything").ok());
}

}  // namespace
}  // namespace adit::options::testing
