#pragma once

#include <string>

namespace adit::app {

// "adit bench load" as it was called.
struct LoadOrder {
  std::string file;
  unsigned clients = 100;
  double rate = 50;
  unsigned at_once = 0;  // 0: no limit; but a few without a rate
  double seconds = 0;    // 0: each client connects once
  double hold = 0;
  double patience = 20;
  bool json = false;
};

[[nodiscard]] int run_load(const LoadOrder& order);

}  // namespace adit::app
