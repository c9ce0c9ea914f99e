#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ip/address.h"

namespace adit::firewall {

// Packet filters of others, as far as a question about one packet needs them. nft's listings and
// iptables' both become this.

enum class Subject {
  in_device,
  out_device,
  family,  // "ip", "ip6"
  source,  // "10.0.0.0/8", "10.0.0.1-10.0.0.9"
  destination,
  protocol,          // "tcp", "udp", "icmp"
  destination_port,  // "53", "1000-2000"
  connection_state,  // "new", "established"
  destination_type,  // "local", "unicast", as the routing table sees it
  never,             // is not true of the packets that are asked about
  unknown,           // may be true
};

// Is true when one of the values fits; devices may end in '*'.
struct Condition {
  Subject subject = Subject::unknown;
  bool negated = false;
  std::vector<std::string> values;

  bool operator==(const Condition&) const = default;
};

enum class Verdict { proceed, accept, drop, jump, go_to, come_back, unknown };

struct Rule {
  std::vector<Condition> conditions;  // all of them
  Verdict verdict = Verdict::proceed;
  std::string target;  // of jump and go_to: the chain's name
  std::string text;    // as its tool shows it
};

enum class HookPoint { none, prerouting, input, forward, output, postrouting };

struct Chain {
  std::string tool;    // "nft", "iptables-nft", "ip6tables-legacy": whose command changes it
  std::string family;  // "ip", "ip6", "inet"
  std::string table;
  std::string name;
  HookPoint hook = HookPoint::none;
  int priority = 0;
  bool drops_by_policy = false;
  std::vector<Rule> rules{};

  [[nodiscard]] bool takes(ip::Family packet) const {
    return family == "inet" || family == (packet == ip::Family::v4 ? "ip" : "ip6");
  }
};

struct Ruleset {
  std::vector<Chain> chains;

  // The chain of this name beside another, in the same table of the same tool.
  [[nodiscard]] const Chain* beside(const Chain& other, std::string_view name) const;
};

}  // namespace adit::firewall
