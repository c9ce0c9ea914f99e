#include "node/environment.h"

#include <gtest/gtest.h>

namespace adit::node {
namespace {

TEST(ForeignEnvironment, dns_servers_take_the_place_of_the_dhcp_ones) {
  options::Scripts scripts;
  scripts.foreign_options = {"dhcp-option DNS 192.0.2.9", "dhcp-option DOMAIN office.example"};
  scripts.dns = {{"server", "7", "address", "192.0.2.7:5353"},
                 {"server", "1", "address", "10.8.0.1", "fd00:8::1", "[fd00:8::3]:54"},
                 {"search-domains", "lab.example"}};
  const Environment env = foreign_environment(scripts);
  const std::vector<std::pair<std::string, std::string>> wanted{
      {"foreign_option_1", "dhcp-option DOMAIN office.example"},
      {"foreign_option_2", "dhcp-option DNS 10.8.0.1"},
      {"foreign_option_3", "dhcp-option DNS6 fd00:8::1"},
      {"foreign_option_4", "dhcp-option DNS6 fd00:8::3"},
      {"foreign_option_5", "dhcp-option DNS 192.0.2.7"},
      {"foreign_option_6", "dhcp-option DOMAIN-SEARCH lab.example"},
      {"dns_search_domain_1", "lab.example"},
      {"dns_server_1_address_1", "10.8.0.1"},
      {"dns_server_1_address_2", "fd00:8::1"},
      {"dns_server_1_address_3", "fd00:8::3"},
      {"dns_server_1_port_3", "54"},
      {"dns_server_2_address_1", "192.0.2.7"},
      {"dns_server_2_port_1", "5353"}};
  EXPECT_EQ(env.variables(), wanted);
}

}  // namespace
}  // namespace adit::node
