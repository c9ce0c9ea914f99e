#include "firewall/questions.h"

#include <fmt/format.h>

#include "firewall/hooks.h"
#include "firewall/ruleset.h"

namespace adit::firewall {

namespace {

// The first address of a network that may be a host's.
ip::Address host_in(const ip::Prefix& network) {
  return network.is_host() ? network.address : network.address.plus(1);
}

ip::Prefix everywhere(ip::Family family) {
  return *ip::Prefix::parse(family == ip::Family::v4 ? "0.0.0.0/0" : "::/0");
}

// Somebody out there, whom no rule means in particular: a list of banned addresses is no obstacle.
ip::Prefix stranger_of(ip::Family family) {
  return *ip::Prefix::parse(family == ip::Family::v4 ? "5.6.7.8" : "2a00:5:6::7");
}

class Asking {
 public:
  Asking(std::string_view device, const Routes& routes)
      : routes_(routes), device_(device_pattern(device)), name_(iptables_device(device)) {}

  void from_tunnel(const ip::Prefix& from, const ip::Prefix& to) {
    if (from.address.family() != to.address.family()) return;
    const std::string other = outside(to);
    add(device_, other, from, to, false, fmt::format("packets from {} to {}", name_, to.text()));
    add(other, device_, to, from, true, fmt::format("answers from {} to {}", to.text(), name_));
  }

  void into_tunnel(const ip::Prefix& from, const ip::Prefix& to) {
    if (from.address.family() != to.address.family()) return;
    const std::string other = outside(from);
    add(other, device_, from, to, false,
        fmt::format("packets from {} to {}", from.text(), to.text()));
    add(device_, other, to, from, true,
        fmt::format("answers from {} to {}", to.text(), from.text()));
  }

  void from_tunnel_to_world(const ip::Prefix& from, const ip::Prefix& stranger) {
    const std::string other = outside(stranger);
    add(device_, other, from, stranger, false, fmt::format("packets from {} to the world", name_));
    add(other, device_, stranger, from, true, fmt::format("answers from the world to {}", name_));
  }

  void port(const Port& port, const ip::Prefix& stranger) {
    Packet packet{.hook = HookPoint::input, .tunnel = device_, .from = stranger};
    packet.to = everywhere(stranger.address.family());
    packet.in = outside(stranger);
    packet.protocol = port.tcp ? "tcp" : "udp";
    packet.port = port.number;
    questions.push_back({packet, "packets to port " + port_text(port)});
  }

  std::vector<Question> questions;

 private:
  [[nodiscard]] std::string outside(const ip::Prefix& network) const {
    const std::string device = routes_.device_to(host_in(network));
    return device == device_ ? std::string() : device;
  }

  void add(const std::string& in, const std::string& out, const ip::Prefix& from,
           const ip::Prefix& to, bool answer, std::string what) {
    Packet packet{.hook = HookPoint::forward, .tunnel = device_};
    packet.in = in;
    packet.out = out;
    packet.from = from;
    packet.to = to;
    packet.answer = answer;
    questions.push_back({packet, std::move(what)});
  }

  const Routes& routes_;
  std::string device_;  // as a pattern
  std::string name_;    // as people read it
};

std::vector<ip::Prefix> behind_us(const Plan& plan) {
  std::vector<ip::Prefix> networks = plan.lans;
  for (const Map& map : plan.maps) networks.push_back(map.real);
  return without_overlaps(networks);
}

std::vector<ip::Prefix> beyond(const Plan& plan) {
  std::vector<ip::Prefix> networks = plan.tunnel;
  networks.insert(networks.end(), plan.far.begin(), plan.far.end());
  return without_overlaps(networks);
}

}  // namespace

std::vector<Question> questions_of(const Plan& plan, const Routes& routes) {
  Asking asking(plan.device, routes);
  for (const ip::Prefix& from : beyond(plan)) {
    for (const ip::Prefix& lan : behind_us(plan)) asking.from_tunnel(from, lan);
    if (plan.full_tunnel) asking.from_tunnel_to_world(from, stranger_of(from.address.family()));
  }
  for (const ip::Prefix& lan : behind_us(plan)) {
    for (const ip::Prefix& far : without_overlaps(plan.far)) asking.into_tunnel(lan, far);
  }
  for (const ip::Family family : {ip::Family::v4, ip::Family::v6}) {
    const ip::Prefix stranger = stranger_of(family);
    const bool here = family == ip::Family::v4 || !routes.device_to(stranger.address).empty();
    if (plan.open && here) asking.port(*plan.open, stranger);
  }
  return asking.questions;
}

}  // namespace adit::firewall
