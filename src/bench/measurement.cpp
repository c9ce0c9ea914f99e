#include "bench/measurement.h"

#include <fmt/core.h>

#include "base/json.h"

namespace adit::bench {

std::string render_measurements_table(const std::vector<Section>& sections) {
  std::string text;
  for (const Section& section : sections) {
    text += fmt::format("{}{:<40}{:>8}{:>14}{:>12}\n", text.empty() ? "" : "\n", section.title,
                        "bytes", "ns a packet", "Gbit/s");
    for (const Measurement& row : section.rows) {
      text += fmt::format("  {:<38}{:>8}{:>14.1f}{:>12.2f}\n", row.what, row.bytes,
                          row.ns_per_packet, row.gbit_per_second());
    }
  }
  return text;
}

std::string render_measurements_json(const std::vector<Section>& sections) {
  Json document = Json::array();
  for (const Section& section : sections) {
    for (const Measurement& row : section.rows) {
      document.push_back({{"bytes", row.bytes},
                          {"gbit_per_second", row.gbit_per_second()},
                          {"ns_per_packet", row.ns_per_packet},
                          {"section", section.title},
                          {"what", row.what}});
    }
  }
  return document.dump(2) + "\n";
}

}  // namespace adit::bench
