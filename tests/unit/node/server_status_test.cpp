#include <gtest/gtest.h>

#include "tests/sim/world.h"

namespace adit::sim {
namespace {

std::string status_after(const std::string& line, Duration time) {
  World world{3, {}};
  ServerHost& server = world.add_server();
  server.configure(
      "ca x\ncert x\nkey x\ndh none\ndev tun\ntopology subnet\nserver 10.8.0.0 255.255.240.0\n"
      "data-ciphers AES-256-GCM\n" +
      line);
  server.server().write_status(world.wall());
  server.store().files.erase("status");
  world.run_for(time);
  const auto found = server.store().files.find("status");
  return found == server.store().files.end() ? std::string() : found->second;
}

TEST(ServerStatus, is_written_again_when_its_time_has_come) {
  EXPECT_EQ(status_after("status status 10\n", 5s), "");
  EXPECT_NE(status_after("status status 10\n", 15s), "");
}

TEST(ServerStatus, with_an_interval_of_0_is_written_only_where_something_asks_for_it) {
  EXPECT_EQ(status_after("status status 0\n", 300s), "");
}

}  // namespace
}  // namespace adit::sim
