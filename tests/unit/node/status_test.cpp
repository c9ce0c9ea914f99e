#include "node/status.h"

#include <algorithm>
#include <cstdlib>
#include <ctime>

#include <gtest/gtest.h>

namespace adit::node {
namespace {

TEST(Status, looks_as_monitors_expect) {
  setenv("TZ", "UTC", 1);
  tzset();
  ServerStatus status;
  status.title = "TITLE LINE";
  status.now = {1795342556};
  ClientRow row;
  row.common_name = "client1";
  row.real_address = "198.18.0.2:55758";
  row.v4 = "10.8.0.2";
  row.v6 = "fd88::1000";
  row.bytes_received = 3876;
  row.bytes_sent = 3949;
  row.connected = {1795342520};
  row.cipher = "AES-256-GCM";
  status.clients = {row};
  status.routes = {{"10.8.0.2", "client1", "198.18.0.2:55758", {1795342521}}};
  EXPECT_EQ(render_server_status(status, 1),
            "OpenVPN CLIENT LIST\nUpdated,2026-11-22 10:15:56\n"
            "Common Name,Real Address,Bytes Received,Bytes Sent,Connected Since\n"
            "client1,198.18.0.2:55758,3876,3949,2026-11-22 10:15:20\n"
            "ROUTING TABLE\nVirtual Address,Common Name,Real Address,Last Ref\n"
            "10.8.0.2,client1,198.18.0.2:55758,2026-11-22 10:15:21\n"
            "GLOBAL STATS\nMax bcast/mcast queue length,0\nEND\n");
  const std::string second = render_server_status(status, 2);
  EXPECT_NE(second.find("CLIENT_LIST,client1,198.18.0.2:55758,10.8.0.2,fd88::1000,3876,3949,"
                        "2026-11-22 10:15:20,1795342520,UNDEF,0,0,AES-256-GCM\n"),
            std::string::npos);
  std::string third = render_server_status(status, 3);
  std::ranges::replace(third, '\t', ',');
  EXPECT_EQ(third, second);
}

}  // namespace
}  // namespace adit::node
