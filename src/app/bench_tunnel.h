#pragma once

#include <string>

namespace adit::app {

// "adit bench tunnel" as it was called.
struct TunnelOrder {
  std::string cipher = "AES-256-GCM";
  std::string proto = "udp";
  double seconds = 3;  // of each flow
  bool json = false;
};

// A tunnel of two processes of this program between two network namespaces, which vanish with
// them. Exit status 0: measured; 1: the tunnel does not work, or interrupted; 2: it could not
// begin. Needs root.
[[nodiscard]] int run_tunnel(const TunnelOrder& order);

}  // namespace adit::app
