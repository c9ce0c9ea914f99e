#include "options/listen.h"

#include <gtest/gtest.h>

#include "tests/unit/options/reading.h"

namespace adit::options::testing {
namespace {

std::string places(const Config& config) {
  std::string text;
  for (const Listen& listen : config.remotes.listens) {
    text += (text.empty() ? "" : ", ") + (listen.host.empty() ? "*" : listen.host) + " " +
            listen.port + " " + (listen.proto.is_tcp() ? "tcp" : "udp");
  }
  return text;
}

TEST(Listen, a_server_listens_where_port_and_proto_say) {
  EXPECT_EQ(places(server_with("")), "* 1194 udp");
  EXPECT_EQ(places(server_with("port 443\nproto tcp-server")), "* 443 tcp");
  EXPECT_EQ(places(server_with("local 192.0.2.1\nlport 99")), "192.0.2.1 99 udp");
}

TEST(Listen, every_local_line_of_a_server_is_a_place) {
  const Config config = server_with(
      "local 192.0.2.1\nlocal 2001:db8::1 1195\nlocal * 443 tcp\nlocal * 443 udp\nport 1200");
  EXPECT_EQ(places(config), "192.0.2.1 1200 udp, 2001:db8::1 1195 udp, * 443 tcp, * 443 udp");
  EXPECT_EQ(config.remotes.listens[2].proto.transport, Transport::tcp_server);
  EXPECT_EQ(config.connection.local, "192.0.2.1");
  EXPECT_EQ(config.connection.local_port, "1200");
  EXPECT_TRUE(listens_to_udp(config));
  EXPECT_TRUE(listens_to_tcp(config));
}

TEST(Listen, one_kind_is_one_kind) {
  EXPECT_FALSE(listens_to_tcp(server_with("local * 1 udp\nlocal * 2")));
  EXPECT_FALSE(listens_to_udp(server_with("local * 1 tcp-server\nlocal * 2 tcp6-server")));
}

TEST(Listen, the_same_place_twice_is_an_error_with_its_line) {
  const Parsed parsed = read_and_complete(std::string(minimal_server) +
                                          "local * 443 tcp\nlocal 192.0.2.1\nlocal * 443 tcp\n");
  EXPECT_FALSE(parsed.ok());
  EXPECT_TRUE(mentions(parsed.issues, "\"* 443 tcp\" stands there twice"))
      << all_text(parsed.issues);
  EXPECT_TRUE(mentions(parsed.issues, "In test.conf:")) << all_text(parsed.issues);
}

TEST(Listen, a_client_has_one_local_end) {
  const Config config = client_with("local 192.0.2.1 5000");
  EXPECT_EQ(config.remotes.list.front().local, "192.0.2.1");
  EXPECT_EQ(config.remotes.list.front().local_port, "5000");
  EXPECT_TRUE(config.remotes.listens.empty());
  const Parsed two =
      read_and_complete(std::string(minimal_client) + "local 192.0.2.1\nlocal 192.0.2.2\n");
  EXPECT_TRUE(mentions(two.issues, "only a server listens in several places"))
      << all_text(two.issues);
}

TEST(Listen, words_that_are_none_are_told) {
  for (const char* line : {"local * 99999", "local * 1194 sctp", "local * 1194 tcp-client",
                           "local 192.0.2.1 1194 udp more"}) {
    const Parsed parsed = read_and_complete(std::string(minimal_server) + line + "\n");
    EXPECT_FALSE(parsed.ok()) << line;
  }
}

TEST(Listen, a_port_is_shared_where_there_is_tcp) {
  const auto with = [](const char* lines) {
    return read_and_complete(std::string(minimal_server) + "port-share 127.0.0.1 80\n" + lines);
  };
  EXPECT_TRUE(mentions(with("").issues, "--port-share only works in TCP server mode"));
  EXPECT_TRUE(with("proto tcp-server\n").ok());
  EXPECT_TRUE(with("local * 443 tcp\nlocal * 1194 udp\n").ok());
}

}  // namespace
}  // namespace adit::options::testing
