#pragma once

#include "doctor/network_stages.h"
#include "options/config.h"
#include "ports/network_port.h"

namespace adit::doctor {

// What a server's own host does for it.

// The families in which packets pass between the tunnel and these networks, or the world.
[[nodiscard]] std::vector<ip::Family> forwarded_families(const options::Config& server,
                                                         const std::vector<FarNetwork>& networks);
void test_forwarding(Report& report, const std::vector<ip::Family>& families,
                     ports::NetworkPort& network);
[[nodiscard]] std::string cure_of_forwarding(ip::Family family);

// Who holds the server's port.
struct PortHolder {
  std::string port;                // "udp 1194"
  bool held = false;               // by somebody
  std::optional<std::string> who;  // "adit (pid 123)"; nothing: nobody, or only root can see
  std::string configuration;       // of the server, for advice
};
void test_process(Report& report, const PortHolder& holder);

}  // namespace adit::doctor
