#include <gtest/gtest.h>

#include "options/checks.h"
#include "tests/unit/options/reading.h"

namespace adit::options::testing {
namespace {

using Method = HttpProxy::Method;

const std::string tcp_client =
    "client\ndev tun\nproto tcp\nremote vpn.example 443\nca ca\ncert c\nkey k\n"
    "remote-cert-tls server\n";

HttpProxy http_of(const std::string& lines) {
  const Config config = good(tcp_client + lines);
  return config.remotes.list.at(0).http_proxy.value_or(HttpProxy());
}

TEST(HttpProxyOption, says_how_to_authenticate) {
  EXPECT_EQ(http_of("http-proxy h 3128").method, Method::none);
  EXPECT_EQ(http_of("http-proxy h 3128 up.txt").method, Method::basic);
  EXPECT_EQ(http_of("http-proxy h 3128 up.txt").credentials.path, "up.txt");
  EXPECT_EQ(http_of("http-proxy h 3128 stdin ntlm2").method, Method::ntlm2);
  EXPECT_EQ(http_of("http-proxy h 3128 up.txt none").method, Method::none);
  EXPECT_TRUE(http_of("http-proxy h 3128 auto").automatic);
  EXPECT_TRUE(http_of("http-proxy h 3128 auto").clear_passwords);
  EXPECT_EQ(http_of("http-proxy h 3128 auto basic").method, Method::none) << "nothing behind auto";
  EXPECT_FALSE(http_of("http-proxy h 3128 auto-nct any").clear_passwords);
  EXPECT_FALSE(http_of("http-proxy h 3128 auto-nct").clear_passwords);
  EXPECT_TRUE(mentions(read_and_complete(tcp_client + "http-proxy h 3128 u ntlm").issues,
                       "NTLMv2 is used"));
  for (const char* wrong :
       {"http-proxy h", "http-proxy h 99999", "http-proxy h 1 u auto", "http-proxy h 1 u digest",
        "http-proxy h 1\nhttp-proxy-option VERSION", "http-proxy h 1\nhttp-proxy-option COLOUR red",
        "http-proxy-option AGENT x", "http-proxy-user-pass f", "http-proxy h 1\nsocks-proxy s",
        "http-proxy h 1\nproto udp"}) {
    EXPECT_FALSE(read_and_complete(tcp_client + wrong).ok()) << wrong;
  }
}

TEST(HttpProxyOption, keeps_what_was_said_around_it) {
  const HttpProxy proxy = http_of(
      "http-proxy-option VERSION 1.1\nhttp-proxy-option CUSTOM-HEADER X-A b\nhttp-proxy h 3128 "
      "auto\nhttp-proxy-option AGENT me\nhttp-proxy-option CUSTOM-HEADER X-B:c\n"
      "<http-proxy-user-pass>\nann\nsecret\n</http-proxy-user-pass>");
  EXPECT_EQ(proxy.host + ":" + proxy.port + " " + proxy.version + " " + proxy.user_agent,
            "h:3128 1.1 me");
  EXPECT_EQ(proxy.headers, (std::vector<std::string>{"X-A: b", "X-B:c"}));
  EXPECT_EQ(proxy.credentials.text, "ann\nsecret\n");
  std::string many_headers = "http-proxy h 1\n";
  for (int i = 0; i < 11; ++i) many_headers += "http-proxy-option CUSTOM-HEADER X y\n";
  EXPECT_FALSE(read_and_complete(tcp_client + many_headers).ok());
}

TEST(HttpProxyOption, may_be_another_one_in_each_block) {
  const Config config = good(
      "client\ndev tun\nca ca\ncert c\nkey k\nremote-cert-tls server\n"
      "<connection>\nremote a 443 tcp\nhttp-proxy one 8080 auto\n</connection>\n"
      "<connection>\nremote b 1194 udp\nsocks-proxy two\n</connection>\n"
      "<connection>\nremote c 443 tcp\n</connection>\n"
      "<http-proxy-user-pass>\nann\nsecret\n</http-proxy-user-pass>");
  const auto& list = config.remotes.list;
  EXPECT_EQ(list.at(0).http_proxy->host, "one");
  EXPECT_EQ(list.at(0).http_proxy->credentials.text, "ann\nsecret\n");
  EXPECT_EQ(list.at(1).socks_proxy->host + list.at(1).socks_proxy->port, "two1080");
  EXPECT_EQ(list.at(1).proto.family, ip::Family::v4);
  EXPECT_FALSE(list.at(2).http_proxy);
}

TEST(HttpProxyOption, is_overridden_for_all_that_tcp_reaches) {
  const Config config = good(
      "client\ndev tun\nca ca\ncert c\nkey k\nremote-cert-tls server\nremote a 443 tcp\n"
      "remote b 1194 udp\nhttp-proxy-override h 3128 auto-nct");
  const auto& first = config.remotes.list.at(0).http_proxy;
  EXPECT_EQ(first->host + ":" + first->port + " " + first->user_agent,
            "h:3128 OpenVPN-Autoproxy/1.0");
  EXPECT_TRUE(first->automatic && !first->clear_passwords);
  EXPECT_FALSE(config.remotes.list.at(1).http_proxy);
}

TEST(SocksProxyOption, names_a_file_with_a_password) {
  const Config config = good(tcp_client + "socks-proxy s 1081 up.txt");
  const SocksProxy& proxy = *config.remotes.list.at(0).socks_proxy;
  EXPECT_EQ(proxy.host + ":" + proxy.port + " " + proxy.credentials.path, "s:1081 up.txt");
  bool listed = false;
  for (const NamedFile& file : files_of(config)) listed = listed || file.path == "up.txt";
  EXPECT_TRUE(listed) << "that it is there is checked at the start";
  EXPECT_FALSE(config.connection.socks_proxy->host.empty());
}

TEST(ServerOptions, know_no_proxies) {
  for (const char* line : {"http-proxy h 1", "socks-proxy h"}) {
    EXPECT_TRUE(mentions(read_and_complete(std::string(minimal_server) + line).issues,
                         "cannot be used with --mode server"));
  }
}

}  // namespace
}  // namespace adit::options::testing
