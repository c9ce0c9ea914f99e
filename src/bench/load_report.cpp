#include "bench/load_report.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/core.h>

#include "base/json.h"

namespace adit::bench {

namespace {

using Counts = std::map<std::string, std::size_t>;

std::size_t total(const Counts& counts) {
  return std::accumulate(counts.begin(), counts.end(), std::size_t{0},
                         [](std::size_t sum, const auto& row) { return sum + row.second; });
}

double milliseconds(Duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

struct Percentiles {
  double p50, p90, p99, most;  // ms
};

Percentiles percentiles(std::vector<Duration> latencies) {
  std::ranges::sort(latencies);
  const auto at = [&](double share) { return milliseconds(percentile(latencies, share)); };
  return {at(0.5), at(0.9), at(0.99), at(1)};
}

double cpu_per_handshake(const LoadReport& report) {
  return milliseconds(report.own_cpu) /
         static_cast<double>(std::max<std::size_t>(1, report.connected));
}

// The most frequent first.
std::string render_reasons(std::string_view title, const Counts& counts) {
  if (counts.empty()) return {};
  std::vector<std::pair<std::string, std::size_t>> rows(counts.begin(), counts.end());
  std::ranges::stable_sort(rows, std::greater{}, &std::pair<std::string, std::size_t>::second);
  std::string text = fmt::format("\n{}\n", title);
  for (const auto& [reason, count] : rows) text += fmt::format("{:>8}  {}\n", count, reason);
  return text;
}

Json json_of(const Counts& counts) {
  Json object = Json::object();
  for (const auto& [reason, count] : counts) object[reason] = count;
  return object;
}

}  // namespace

std::size_t LoadReport::failed() const { return total(failures); }
std::size_t LoadReport::lost() const { return total(losses); }

double LoadReport::handshakes_per_second() const {
  const double time = in_seconds(connecting);
  return time > 0 ? static_cast<double>(connected) / time : 0;
}

bool LoadReport::all_connected() const {
  return started >= wanted && connected == started && losses.empty();
}

Duration percentile(const std::vector<Duration>& sorted, double share) {
  if (sorted.empty()) return {};
  const double rank = std::ceil(share * static_cast<double>(sorted.size()));
  const auto index = static_cast<std::size_t>(std::max(1.0, rank)) - 1;
  return sorted[std::min(index, sorted.size() - 1)];
}

std::string render_load_table(const LoadReport& report) {
  const Percentiles latency = percentiles(report.latencies);
  const std::string rate = report.rate > 0 ? fmt::format("{:g} a second", report.rate) : "at once";
  std::string text = fmt::format("{} sessions with {}, {}{}\n\n", report.wanted, report.server,
                                 rate, report.interrupted ? "; interrupted" : "");
  const auto row = [&](std::string_view name, const std::string& value) {
    text += fmt::format("{:<22}{}\n", name, value);
  };
  row("started", fmt::format("{:>10}", report.started));
  row("connected", fmt::format("{:>10}", report.connected));
  row("failed", fmt::format("{:>10}", report.failed()));
  if (report.lost() > 0) row("lost later", fmt::format("{:>10}", report.lost()));
  if (report.unsettled > 0) row("undecided at the end", fmt::format("{:>10}", report.unsettled));
  row("up at the same time", fmt::format("{:>10}", report.most_up));
  row("handshakes a second", fmt::format("{:>10.1f}", report.handshakes_per_second()));
  row("latency", fmt::format("{:>10.1f} ms p50 {:>9.1f} ms p90 {:>9.1f} ms p99 {:>9.1f} ms max",
                             latency.p50, latency.p90, latency.p99, latency.most));
  row("own CPU",
      fmt::format("{:>10.2f} ms a handshake, {:.1f} s in {:.1f} s", cpu_per_handshake(report),
                  in_seconds(report.own_cpu), in_seconds(report.elapsed)));
  return text + render_reasons("failed because", report.failures) +
         render_reasons("lost because", report.losses);
}

std::string render_load_json(const LoadReport& report) {
  const Percentiles latency = percentiles(report.latencies);
  const Json document{
      {"clients", report.wanted},
      {"connected", report.connected},
      {"failed", report.failed()},
      {"failures", json_of(report.failures)},
      {"handshakes_per_second", report.handshakes_per_second()},
      {"interrupted", report.interrupted},
      {"latency_ms",
       {{"max", latency.most}, {"p50", latency.p50}, {"p90", latency.p90}, {"p99", latency.p99}}},
      {"losses", json_of(report.losses)},
      {"lost", report.lost()},
      {"most_up", report.most_up},
      {"own_cpu_ms_per_handshake", cpu_per_handshake(report)},
      {"own_cpu_seconds", in_seconds(report.own_cpu)},
      {"rate", report.rate},
      {"seconds", in_seconds(report.elapsed)},
      {"server", report.server},
      {"started", report.started},
      {"undecided", report.unsettled},
  };
  return document.dump(2) + "\n";
}

}  // namespace adit::bench
