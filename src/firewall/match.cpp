#include <algorithm>

#include "base/text.h"
#include "firewall/judge.h"

namespace adit::firewall {

namespace {

Match either(bool fits) { return fits ? Match::yes : Match::no; }

// Devices of containers and virtual machines: packets of the tunnel's neighbours have none of them.
bool is_inner_bridge(std::string_view device) {
  for (const std::string_view start : {"lo", "docker", "br-", "veth", "virbr", "cni", "lxc"}) {
    if (device.starts_with(start)) return true;
  }
  return false;
}

bool is_pattern(std::string_view device) { return device.ends_with('*'); }

std::string_view stem(std::string_view pattern) { return pattern.substr(0, pattern.size() - 1); }

Match match_device(std::string_view pattern, std::string_view device, std::string_view tunnel) {
  if (pattern == "*") return Match::yes;
  if (device.empty()) {
    if (is_inner_bridge(pattern)) return Match::no;
    return match_device(pattern, tunnel, {}) == Match::no ? Match::maybe : Match::no;
  }
  if (is_pattern(pattern)) {
    if (device.starts_with(stem(pattern))) return Match::yes;
    return is_pattern(device) && pattern.starts_with(stem(device)) ? Match::maybe : Match::no;
  }
  if (pattern == device) return Match::yes;
  return is_pattern(device) && pattern.starts_with(stem(device)) ? Match::maybe : Match::no;
}

ip::Address last_of(const ip::Prefix& prefix) {
  std::array<std::uint8_t, 16> bytes{};
  const Bytes first = prefix.address.bytes();
  for (std::size_t i = 0; i < first.size(); ++i) {
    const int fixed = std::clamp(int{prefix.length} - static_cast<int>(i) * 8, 0, 8);
    bytes[i] = static_cast<std::uint8_t>(first[i] | (0xff >> fixed));
  }
  return ip::Address::from_bytes(Bytes(bytes.data(), first.size()));
}

// What comes over a network is neither from nor for a loopback address.
bool is_loopback(const ip::Address& low, const ip::Address& high) {
  const ip::Prefix loopback = *ip::Prefix::parse(low.is_v4() ? "127.0.0.0/8" : "::1/128");
  return loopback.contains(low) && loopback.contains(high);
}

Match match_range(const ip::Address& low, const ip::Address& high, const ip::Prefix& wanted) {
  if (low.family() != wanted.address.family() || is_loopback(low, high)) return Match::no;
  const ip::Address first = wanted.address;
  const ip::Address last = last_of(wanted);
  if (low <= first && last <= high) return Match::yes;
  return last < low || high < first ? Match::no : Match::maybe;
}

Match match_network(std::string_view value, const ip::Prefix& wanted) {
  const auto parts = split(value, '-');
  if (parts.size() == 2) {
    const auto low = ip::Address::parse(parts[0]);
    const auto high = ip::Address::parse(parts[1]);
    if (low && high) return match_range(*low, *high, wanted);
    return Match::maybe;
  }
  const auto prefix = ip::Prefix::parse(value);
  if (!prefix) return Match::maybe;  // a mask with holes, a name
  return match_range(prefix->address, last_of(*prefix), wanted);
}

Match match_port(std::string_view value, std::uint16_t port) {
  const auto parts = split(value, '-');
  const auto low = to_number<std::uint16_t>(parts.front());
  const auto high = to_number<std::uint16_t>(parts.back());
  if (!low || !high) return Match::maybe;  // the name of a service
  return either(*low <= port && port <= *high);
}

Match match_type(std::string_view value, const Packet& packet) {
  return either(value == (packet.hook == HookPoint::input ? "local" : "unicast"));
}

Match match_protocol(std::string_view value, const Packet& packet) {
  return either(value == packet.protocol || value == (packet.protocol == "tcp" ? "6" : "17"));
}

Match match_value(Subject subject, const std::string& value, const Packet& packet) {
  switch (subject) {
    case Subject::in_device:
      return match_device(value, packet.in, packet.tunnel);
    case Subject::out_device:
      return match_device(value, packet.out, packet.tunnel);
    case Subject::family:
      return either(value == (packet.from.address.is_v4() ? "ip" : "ip6"));
    case Subject::source:
      return match_network(value, packet.from);
    case Subject::destination:
      return match_network(value, packet.to);
    case Subject::protocol:
      return match_protocol(value, packet);
    case Subject::destination_port:
      return match_port(value, packet.port);
    case Subject::connection_state:
      return either(value == (packet.answer ? "established" : "new"));
    case Subject::destination_type:
      return match_type(value, packet);
    case Subject::never:
      return Match::no;
    case Subject::unknown:
      return Match::maybe;
  }
  return Match::maybe;
}

}  // namespace

Match match(const Condition& condition, const Packet& packet) {
  if (condition.subject == Subject::unknown) return Match::maybe;
  Match best = Match::no;
  for (const std::string& value : condition.values) {
    best = std::max(best, match_value(condition.subject, value, packet));
  }
  if (!condition.negated || best == Match::maybe) return best;
  return either(best == Match::no);
}

}  // namespace adit::firewall
