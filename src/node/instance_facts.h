#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/drop.h"
#include "base/result.h"
#include "base/time.h"
#include "node/expiry_watch.h"
#include "plane/lane_facts.h"
#include "ports/tunnel_device.h"

namespace adit::node {

// What a running instance tells of itself: one value, made by the node, shown by "adit status" and
// read by "adit explain".

// How large packets inside may be, and how that is known.
struct MtuFacts {
  unsigned tun_mtu = 1500;
  std::string how = "configured";
  // The largest outer packets that pass; 0: not known.
  unsigned path_to_peer = 0, path_from_peer = 0;
  std::string path_found_by{};  // "probing", "echo packets inside"; empty: it was not found
};

struct PeerFacts {
  std::string name;   // common name; empty before it is known
  std::string state;  // "handshake", "connecting", "up", "leaving"
  std::string real_address;
  std::vector<std::string> virtual_addresses;  // on a server with the networks behind it
  std::string username;
  std::string cipher;
  WallTime connected;
  std::uint64_t packets_received = 0, packets_sent = 0;  // of the data channel
  std::uint64_t bytes_received = 0, bytes_sent = 0;      // as they are on the wire
  DropCounters drops;                                    // of what it sent us
  plane::Disorder disorder;
  MtuFacts mtu;
};

struct DeviceFacts {
  std::string name;  // empty: no device is open
  ports::TunOffloads offloads;
  ports::TunTraffic traffic;
};

// "TSO, USO", "TSO; no USO: …", "none: …"
[[nodiscard]] std::string offloads_text(const ports::TunOffloads& offloads);
// "GSO, GRO", "GRO: a reason", "none: a reason"; empty: not a link that could have any
[[nodiscard]] std::string offloads_text(const ports::LinkOffloads& offloads);

struct InstanceFacts {
  std::string role;   // "server", "client", "point-to-point"
  std::string state;  // "up", "connecting", "restarting"
  std::string title;
  int pid = 0;
  std::string configuration;  // as it was named
  WallTime started, now;
  std::string crypto;               // what encrypts packets
  std::uint32_t replay_window = 0;  // packets
  DropCounters drops;               // of all traffic
  std::vector<plane::LaneFacts> lanes;
  ports::LinkOffloads link;
  DeviceFacts device;
  std::vector<PeerFacts> peers;
  std::vector<Expiry> dates;     // until when certificates and lists are good
  std::vector<std::string> log;  // the last lines
};

[[nodiscard]] std::string render_facts_json(const InstanceFacts& facts);
// What another instance said of itself, which may be newer or older than this program.
[[nodiscard]] Result<InstanceFacts> parse_facts(std::string_view json);
// For a person, without the log.
[[nodiscard]] std::string render_facts_table(const InstanceFacts& facts);

}  // namespace adit::node
