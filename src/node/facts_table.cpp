#include <algorithm>

#include <fmt/core.h>

#include "base/text.h"
#include "node/environment.h"
#include "node/instance_facts.h"

namespace adit::node {

namespace {

std::string bytes_text(std::uint64_t bytes) {
  if (bytes < 10'000) return fmt::format("{} B", bytes);
  constexpr std::array<const char*, 4> units{"kB", "MB", "GB", "TB"};
  double value = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (value /= 1000; value >= 1000 && unit + 1 < units.size(); ++unit) value /= 1000;
  return fmt::format("{:.1f} {}", value, units[unit]);
}

std::string span_text(std::int64_t seconds) {
  seconds = std::max<std::int64_t>(0, seconds);
  if (seconds < 60) return fmt::format("{} s", seconds);
  if (seconds < 3600) return fmt::format("{} min", seconds / 60);
  if (seconds < 86'400) return fmt::format("{} h {} min", seconds / 3600, seconds / 60 % 60);
  return fmt::format("{} d {} h", seconds / 86'400, seconds / 3600 % 24);
}

std::string drops_text(const DropCounters& drops) {
  std::vector<std::string> parts;
  for (std::size_t i = 1; i < drop_reasons; ++i) {
    if (drops.by_reason[i] == 0) continue;
    parts.push_back(fmt::format("{} {}", drops.by_reason[i], name(static_cast<Drop>(i))));
  }
  return join(parts, ", ");
}

std::string disorder_text(const plane::Disorder& disorder) {
  std::vector<std::string> parts;
  if (disorder.reordered > 0) {
    parts.push_back(fmt::format("{} out of order accepted (max {} behind)", disorder.reordered,
                                disorder.deepest_reordered));
  }
  if (disorder.late > 0) {
    parts.push_back(fmt::format("{} late (max {} behind)", disorder.late, disorder.deepest_late));
  }
  if (disorder.repeated > 0) parts.push_back(fmt::format("{} duplicates", disorder.repeated));
  if (disorder.in_fragments > 0) {
    parts.push_back(fmt::format("{} came in outer fragments", disorder.in_fragments));
  }
  return join(parts, ", ");
}

// "45.1 packets a call"
std::string batch_text(std::uint64_t packets, std::uint64_t calls) {
  const double each = calls > 0 ? static_cast<double>(packets) / static_cast<double>(calls) : 0;
  return fmt::format("{} packets, {:.1f} a call", packets, each);
}

// "10.2 GB in 7301 packets, 41.0 a turn (1007 acknowledgements replaced by later ones)"
std::string way_text(const plane::LaneFacts::Way& way) {
  const double each =
      way.turns > 0 ? static_cast<double>(way.packets) / static_cast<double>(way.turns) : 0;
  std::string text =
      fmt::format("{} in {} packets, {:.1f} a turn", bytes_text(way.link_bytes), way.packets, each);
  if (way.replaced > 0) {
    text += fmt::format(" ({} acknowledgements replaced by later ones)", way.replaced);
  }
  if (const std::string drops = drops_text(way.drops); !drops.empty()) {
    text += fmt::format(" (dropped: {})", drops);
  }
  return text;
}

std::string lane_text(const plane::LaneFacts& lane, std::size_t number) {
  std::string text =
      fmt::format("  lanes {}: up {}; down {}\n", number, way_text(lane.up), way_text(lane.down));
  if (lane.link.reads + lane.link.writes > 0) {
    text += fmt::format("  lanes {}: socket read {}; written {}\n", number,
                        batch_text(lane.link.packets_read, lane.link.reads),
                        batch_text(lane.link.packets_written, lane.link.writes));
  }
  if (lane.link.overflowed > 0) {
    text += fmt::format("  lanes {}: {} packets came while the socket's queue was full\n", number,
                        lane.link.overflowed);
  }
  return text;
}

std::string device_text(const DeviceFacts& device) {
  const ports::TunTraffic& traffic = device.traffic;
  std::string out = fmt::format("  {}: offloads {}; read {}; written {}\n", printable(device.name),
                                printable(offloads_text(device.offloads)),
                                batch_text(traffic.packets_read, traffic.reads),
                                batch_text(traffic.packets_written, traffic.writes));
  if (traffic.oversized + traffic.malformed > 0) {
    out += fmt::format("  {}: thrown away: {} too large, {} malformed\n", printable(device.name),
                       traffic.oversized, traffic.malformed);
  }
  return out;
}

using Row = std::vector<std::string>;

// Columns as wide as their widest cell.
std::string columns(const std::vector<Row>& rows) {
  std::vector<std::size_t> widths(rows.front().size(), 0);
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string out;
  for (const Row& row : rows) {
    std::string line = " ";
    for (std::size_t i = 0; i < row.size(); ++i) line += fmt::format(" {:<{}} ", row[i], widths[i]);
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  }
  return out;
}

Row row_of(const PeerFacts& peer, WallTime now) {
  return {peer.name.empty() ? "?" : printable(peer.name),
          printable(peer.state),
          printable(peer.real_address),
          peer.virtual_addresses.empty() ? "-" : printable(peer.virtual_addresses.front()),
          bytes_text(peer.bytes_received),
          bytes_text(peer.bytes_sent),
          span_text(now.seconds - peer.connected.seconds),
          fmt::format("{}", peer.mtu.tun_mtu),
          peer.cipher.empty() ? "-" : printable(peer.cipher)};
}

// What is worth a line of its own under the table.
std::string remarks(const PeerFacts& peer) {
  std::string out;
  const std::string who =
      "  " + printable(peer.name.empty() ? peer.real_address : peer.name) + ": ";
  if (peer.virtual_addresses.size() > 1) {
    out +=
        who + "also " +
        printable(join({peer.virtual_addresses.begin() + 1, peer.virtual_addresses.end()}, ", ")) +
        "\n";
  }
  if (peer.mtu.how != "configured") out += who + "tun-mtu " + printable(peer.mtu.how) + "\n";
  if (peer.mtu.path_to_peer != 0) {
    out += who + fmt::format("path MTU {} to the peer, {} from it, found by {}\n",
                             peer.mtu.path_to_peer, peer.mtu.path_from_peer,
                             printable(peer.mtu.path_found_by));
  }
  if (const std::string text = disorder_text(peer.disorder); !text.empty())
    out += who + text + "\n";
  if (const std::string text = drops_text(peer.drops); !text.empty()) {
    out += who + "dropped: " + text + "\n";
  }
  return out;
}

// "  good until 2027-03-01 10:00 UTC, 96 days: cert server.crt, ..."
std::string dates_text(const InstanceFacts& facts) {
  const auto nearest = std::ranges::min_element(
      facts.dates, {}, [](const Expiry& date) { return date.until.seconds; });
  if (nearest == facts.dates.end()) return {};
  const std::int64_t left = nearest->until.seconds - facts.now.seconds;
  const std::string when = date_text(nearest->until);
  if (left <= 0) return fmt::format("  OUT OF DATE since {}: {}\n", when, printable(nearest->what));
  return fmt::format("  nearest date: {}, in {}: {}\n", when, span_text(left),
                     printable(nearest->what));
}

}  // namespace

std::string offloads_text(const ports::TunOffloads& offloads) {
  std::string text = offloads.uso ? "TSO, USO" : offloads.tso ? "TSO" : "none";
  if (!offloads.why.empty()) text += (offloads.tso ? "; " : ": ") + offloads.why;
  return text;
}

std::string offloads_text(const ports::LinkOffloads& offloads) {
  const auto& [gro, gso, why] = offloads;
  if (!gro && !gso && why.empty()) return {};
  std::string text = gso && gro ? "GSO, GRO" : gso ? "GSO" : gro ? "GRO" : "none";
  if (!why.empty()) text += ": " + why;
  return text;
}

std::string render_facts_table(const InstanceFacts& facts) {
  std::string out = fmt::format(
      "{} {}, pid {}, {}, up since {} ({})\n", printable(facts.role), printable(facts.state),
      facts.pid, facts.configuration.empty() ? "no file" : printable(facts.configuration),
      local_time_text(facts.started), span_text(facts.now.seconds - facts.started.seconds));
  std::vector<Row> rows{
      {"NAME", "STATE", "FROM", "INSIDE", "RECEIVED", "SENT", "FOR", "MTU", "CIPHER"}};
  for (const PeerFacts& peer : facts.peers) rows.push_back(row_of(peer, facts.now));
  out += facts.peers.empty() ? "  nobody is connected\n" : columns(rows);
  for (const PeerFacts& peer : facts.peers) out += remarks(peer);
  for (std::size_t i = 0; i < facts.lanes.size(); ++i) out += lane_text(facts.lanes[i], i);
  if (const std::string text = offloads_text(facts.link); !text.empty()) {
    out += "  UDP: offloads " + printable(text) + "\n";
  }
  if (!facts.device.name.empty()) out += device_text(facts.device);
  if (!facts.crypto.empty()) out += "  packets are encrypted by " + printable(facts.crypto) + "\n";
  out += dates_text(facts);
  if (const std::string text = drops_text(facts.drops); !text.empty()) {
    out += "  dropped in all: " + text + "\n";
  }
  return out;
}

}  // namespace adit::node
