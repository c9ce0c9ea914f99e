#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/time.h"

namespace adit::bench {

// What became of a load.
struct LoadReport {
  std::string server;  // "203.0.113.2:1194 (udp)"
  std::size_t wanted = 0;
  double rate = 0;  // asked for, sessions a second; 0: as fast as it goes
  std::size_t started = 0, connected = 0;
  std::size_t up = 0, most_up = 0;              // now, and ever at one time
  std::size_t unsettled = 0;                    // neither up nor failed when it ended
  std::map<std::string, std::size_t> failures;  // never came up: why, how many
  std::map<std::string, std::size_t> losses;    // came up and broke off
  std::vector<Duration> latencies;              // first packet to PUSH_REPLY
  Duration connecting{};                        // from the first start to the last PUSH_REPLY
  Duration elapsed{};
  Duration own_cpu{};
  bool interrupted = false;

  [[nodiscard]] std::size_t failed() const;
  [[nodiscard]] std::size_t lost() const;
  [[nodiscard]] double handshakes_per_second() const;
  [[nodiscard]] bool all_connected() const;
};

// The value below which this share of the sorted values lies, by nearest rank; 0 without values.
// share: 0..1
[[nodiscard]] Duration percentile(const std::vector<Duration>& sorted, double share);

[[nodiscard]] std::string render_load_table(const LoadReport& report);
[[nodiscard]] std::string render_load_json(const LoadReport& report);

}  // namespace adit::bench
