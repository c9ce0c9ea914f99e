#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "base/time.h"

namespace adit::bench {

// What one step costs for one packet, measured in this process.
struct Measurement {
  std::string what;          // "seal AES-256-GCM", "1000 peers"
  std::size_t bytes = 0;     // of the packet
  double ns_per_packet = 0;  // of one thread
  [[nodiscard]] double gbit_per_second() const {
    return ns_per_packet > 0 ? static_cast<double>(bytes) * 8 / ns_per_packet : 0;
  }
};

// A part of "adit bench": rows that belong together.
struct Section {
  std::string title;
  std::vector<Measurement> rows;
};

// The middle one; 0 without values.
[[nodiscard]] inline double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::ranges::sort(values);
  return values[values.size() / 2];
}

// Tells how far the whole is, 0..1, and what is measured now; false: stop.
class Watcher {
 public:
  virtual ~Watcher() = default;
  [[nodiscard]] virtual bool go_on(double share, const std::string& what) = 0;
};

[[nodiscard]] std::string render_measurements_table(const std::vector<Section>& sections);
[[nodiscard]] std::string render_measurements_json(const std::vector<Section>& sections);

}  // namespace adit::bench
