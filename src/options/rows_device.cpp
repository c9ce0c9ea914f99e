#include <array>

#include "ip/ethernet.h"
#include "options/pages.h"
#include "options/setters.h"

namespace adit::options {

namespace {

void dev(Use& use) {
  constexpr std::size_t longest_interface_name = 15;
  const std::string& name = use.word(0);
  if (name.empty() || name.size() > longest_interface_name || !is_host_name(name)) {
    use.error('"' + shown(name) + "\" cannot be the name of a device",
              "use up to 15 letters and digits");
    return;
  }
  use.device().name = name;
}

void dev_type(Use& use) {
  use.choice<DevType>(0, use.device().type,
                      {{"tun", DevType::tun}, {"tap", DevType::tap}, {"null", DevType::null}});
}

void topology(Use& use) {
  if (use.is_pushed() && use.device().is_tap()) return;
  use.choice<Topology>(
      0, use.device().topology,
      {{"net30", Topology::net30}, {"p2p", Topology::p2p}, {"subnet", Topology::subnet}});
}

void ifconfig(Use& use) {
  if (!use.v4(0) || !use.v4(1)) return;
  use.device().ifconfig = {use.word(0), use.word(1)};
}

void ifconfig_ipv6(Use& use) {
  const auto local = use.v6_with_bits(0);
  const auto remote = local ? use.v6(1) : std::nullopt;
  if (!remote) return;
  if (local->second < 64 || local->second > 124) {
    use.error("the length /" + std::to_string(local->second) + " is out of range",
              "use /64 to /124");
    return;
  }
  use.device().ifconfig_ipv6 = {local->first.text() + '/' + std::to_string(local->second),
                                remote->text()};
}

void lladdr(Use& use) {
  const auto address = ip::MacAddress::parse(use.word(0));
  if (!address || address->is_group() || address->is_unspecified()) {
    use.error("lladdr parm '" + shown(use.word(0)) + "' must be a MAC address",
              address ? "this one cannot be that of a single device" : "such as 02:12:34:56:78:9a");
    return;
  }
  use.device().lladdr = address->text();
}

void txqueuelen(Use& use) { number_unless_zero(use, use.device().tx_queue_length); }

void persist_tun(Use& use) {
  use.device().persist_tun = true;
  if (use.is_pushed()) use.pulled().persist_tun = true;
}

// clang-format off
constexpr std::array device_rows{
    Row{.name = "dev", .args = {1, 1, "tun|tap|tunN|tapN|null|name"},
        .help = "Virtual device type/name.", .apply = dev},
    Row{.name = "dev-type", .args = {1, 1, "tun|tap|null"},
        .help = "Device type when name is not tun*/tap*.", .apply = dev_type},
    Row{.name = "dev-node", .args = {1, 1, "path"}, .help = "Explicit tun device node.",
        .apply = set_text<&Config::device, &Device::node>},
    Row{.name = "topology", .args = {1, 1, "net30|p2p|subnet"},
        .where = where::anywhere | where::pushed, .help = "Address layout on tun.",
        .apply = topology},
    Row{.name = "ifconfig", .args = {2, 2, "local remote|netmask"},
        .where = where::anywhere | where::pushed, .help = "Tunnel address.",
        .sibling = "ifconfig-push", .apply = ifconfig},
    Row{.name = "ifconfig-ipv6", .args = {2, 2, "addr/bits remote"},
        .where = where::anywhere | where::pushed, .help = "Tunnel IPv6 address; bits 64-124.",
        .sibling = "ifconfig-ipv6-push", .apply = ifconfig_ipv6},
    Row{.name = "ifconfig-noexec", .where = where::anywhere | where::pushed,
        .help = "Set env only; do not configure interface.",
        .apply = set_flag<&Config::device, &Device::ifconfig_noexec>},
    Row{.name = "ifconfig-nowarn", .where = where::anywhere | where::pushed,
        .state = State::accepted, .note = "there is no such warning",
        .help = "Suppress ifconfig consistency warning."},
    Row{.name = "txqueuelen", .args = {1, 1, "n"}, .help = "Tun queue length.",
        .apply = txqueuelen},
    Row{.name = "lladdr", .args = {1, 1, "mac"}, .where = where::anywhere | where::pushed,
        .help = "Set TAP MAC.", .apply = lladdr},
    Row{.name = "persist-tun", .where = where::anywhere | where::pushed,
        .help = "Keep tun open across SIGUSR1/ping-restart.", .apply = persist_tun},
    Row{.name = "block-ipv6", .where = where::anywhere | where::pushed, .kind = Class::route,
        .help = "Answer tunnelled IPv6 with ICMPv6 unreachable.",
        .apply = set_flag<&Config::device, &Device::block_ipv6>},
};
// clang-format on

}  // namespace

Page device_page() { return {"The tunnel device", device_rows}; }

}  // namespace adit::options
