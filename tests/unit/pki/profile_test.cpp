#include "pki/profile.h"

#include <gtest/gtest.h>

namespace adit::pki {
namespace {

Exported sample_export() {
  return {"anna", "CA\n", "CERT\n", SecretText("KEY\n"), SecretText("WRAPPED")};
}

std::string profile(const ProfileSettings& settings) {
  const auto text = render_client_profile(settings, sample_export());
  return text ? text->reveal() : text.error().text();
}

std::string config(const ServerSettings& settings) {
  const auto text = render_server_config(settings);
  return text ? *text : text.error().text();
}

ServerSettings server() {
  return {.name = Name::parse("gw").value(), .directory = "/etc/adit/pki"};
}

TEST(RenderedClientProfile, is_complete_in_one_file) {
  EXPECT_EQ(profile({.host = "vpn.example.com"}),
            "client\n"
            "dev tun\n"
            "proto udp\n"
            "remote vpn.example.com 1194\n"
            "nobind\n"
            "resolv-retry infinite\n"
            "persist-tun\n"
            "remote-cert-tls server\n"
            "verb 3\n"
            "<ca>\nCA\n</ca>\n"
            "<cert>\nCERT\n</cert>\n"
            "<key>\nKEY\n</key>\n"
            "<tls-crypt-v2>\nWRAPPED\n</tls-crypt-v2>\n");
}

TEST(RenderedClientProfile, takes_transport_port_and_addresses) {
  const std::string text =
      profile({.host = "2001:db8::1", .port = 443, .transport = Transport::tcp});
  EXPECT_NE(text.find("proto tcp-client\nremote 2001:db8::1 443\n"), std::string::npos);
}

TEST(RenderedClientProfile, refuses_a_host_that_would_become_more_than_a_host) {
  for (const char* host : {"", "-x", "a b", "a\nscript-security 2", "a\"b", "a#b", "<ca>"}) {
    EXPECT_NE(profile({.host = host}).find("is not the name or address"), std::string::npos);
  }
  EXPECT_NE(profile({.host = "a", .port = 0}).find("port 0"), std::string::npos);
}

TEST(RenderedServerConfig, names_everything_by_its_path) {
  EXPECT_EQ(config(server()),
            "port 1194\n"
            "proto udp\n"
            "dev tun\n"
            "topology subnet\n"
            "server 10.8.0.0 255.255.255.0\n"
            "ca /etc/adit/pki/ca-bundle.crt\n"
            "cert /etc/adit/pki/issued/gw.crt\n"
            "key /etc/adit/pki/private/gw.key\n"
            "crl-verify /etc/adit/pki/crl.pem\n"
            "dh none\n"
            "tls-crypt-v2 /etc/adit/pki/tls-crypt-v2-server.key\n"
            "keepalive 10 60\n"
            "persist-key\n"
            "persist-tun\n"
            "client-config-dir ccd\n"
            "ifconfig-pool-persist ipp.txt\n"
            "status status.log\n"
            "verb 3\n"
            "explicit-exit-notify 1\n");
}

TEST(RenderedServerConfig, leaves_out_over_tcp_what_only_datagrams_know) {
  ServerSettings settings = server();
  settings.transport = Transport::tcp;
  EXPECT_NE(config(settings).find("proto tcp-server\n"), std::string::npos);
  EXPECT_EQ(config(settings).find("explicit-exit-notify"), std::string::npos);
}

TEST(RenderedServerConfig, quotes_paths_that_need_it) {
  ServerSettings settings = server();
  settings.directory = "/srv/my \"vpn\"\\#1";
  EXPECT_NE(config(settings).find("ca \"/srv/my \\\"vpn\\\"\\\\#1/ca-bundle.crt\"\n"),
            std::string::npos)
      << config(settings);
}

TEST(RenderedServerConfig, refuses_what_is_no_network) {
  constexpr std::pair<const char*, const char*> cases[]{{"10.8.0.1", "255.255.255.0"},
                                                        {"10.8.0.0", "255.0.255.0"},
                                                        {"10.8.0", "255.255.255.0"},
                                                        {"10.8.0.0", "24"},
                                                        {"10.8.0.0\nup x", "255.255.255.0"}};
  for (const auto& [network, netmask] : cases) {
    ServerSettings settings = server();
    settings.network = network;
    settings.netmask = netmask;
    EXPECT_NE(config(settings).find("is not a network and its mask"), std::string::npos) << network;
  }
}

TEST(RenderedServerConfig, refuses_paths_that_break_the_line) {
  ServerSettings settings = server();
  settings.status_file = "a\nscript-security 2";
  EXPECT_NE(config(settings).find("is not a path"), std::string::npos);
  settings.status_file = "";
  EXPECT_NE(config(settings).find("is not a path"), std::string::npos);
}

}  // namespace
}  // namespace adit::pki
