#include <array>

#include "options/pages.h"
#include "options/setters.h"

namespace adit::options {

namespace {

void ifconfig_push(Use& use) {
  const auto local = use.v4(0);
  const auto other = local ? use.v4(1) : std::nullopt;
  if (!other) return;
  ClientProfile& client = use.client_profile();
  if (use.has(2)) {
    client.ifconfig_push_alias = use.v4(2);
    if (!client.ifconfig_push_alias) return;
  }
  client.ifconfig_push = {*local, *other};
  client.ifconfig_push_at = use.at();
}

void ifconfig_ipv6_push(Use& use) {
  const auto address = use.v6_with_bits(0);
  if (!address) return;
  ClientProfile::Ipv6Push push{address->first, address->second, std::nullopt};
  if (use.has(1) && !(push.remote = use.v6(1))) return;
  use.client_profile().ifconfig_ipv6_push = push;
}

void add_iroute(Use& use, const ip::Address& address, std::uint8_t length) {
  const auto prefix = ip::Prefix::of(address, length);
  if (prefix.address != address)
    use.warn("host bits are left away: the network is " + prefix.text());
  use.client_profile().iroutes.push_back({prefix, use.at()});
}

void iroute(Use& use) {
  const auto address = use.v4(0);
  if (!address) return;
  std::optional<std::uint8_t> length = 32;
  if (use.has(1)) {
    const auto mask = use.v4(1);
    if (!mask) return;
    length = ip::prefix_length_of_netmask(*mask);
  }
  if (length) {
    add_iroute(use, *address, *length);
  } else {
    use.error('"' + shown(use.word(1)) + "\" is not a netmask",
              "255.255.255.0 stands for 256 addresses");
  }
}

void iroute_ipv6(Use& use) {
  const auto network = use.v6_with_bits(0);
  if (network) add_iroute(use, network->first, network->second);
}

void push_reset(Use& use) { use.client_profile().push_reset = true; }
void push_remove(Use& use) { use.client_profile().push_remove.push_back(use.word(0)); }
void override_username(Use& use) {
  constexpr std::size_t longest = 127;
  if (use.word(0).empty() || use.word(0).size() > longest) {
    return use.error("a user name has 1 to 127 bytes");
  }
  use.client_profile().override_username = use.word(0);
}
void disable(Use& use) { use.client_profile().disable = true; }

// clang-format off
constexpr std::array per_client_rows{
    Row{.name = "ifconfig-push", .args = {2, 3, "local remote|mask [alias]"},
        .where = where::profile, .change = Change::new_sessions,
        .help = "Fixed tunnel address for client.", .sibling = "ifconfig", .apply = ifconfig_push},
    Row{.name = "ifconfig-ipv6-push", .args = {1, 2, "addr/bits [remote]"}, .where = where::profile,
        .change = Change::new_sessions, .help = "Fixed IPv6 for client.",
        .sibling = "ifconfig-ipv6", .apply = ifconfig_ipv6_push},
    Row{.name = "iroute", .args = {1, 2, "net [mask]"}, .where = where::profile,
        .change = Change::now, .help = "Server-internal route to client.",
        .sibling = "route", .apply = iroute},
    Row{.name = "iroute-ipv6", .args = {1, 1, "net/bits"}, .where = where::profile,
        .change = Change::now, .help = "Server-internal IPv6 route.",
        .sibling = "route-ipv6", .apply = iroute_ipv6},
    Row{.name = "push-reset", .where = where::profile, .change = Change::new_sessions,
        .help = "Drop inherited pushes for this client.", .apply = push_reset},
    Row{.name = "push-remove", .args = {1, 1, "prefix"}, .where = where::profile,
        .change = Change::new_sessions, .help = "Drop matching pushes for this client.",
        .apply = push_remove},
    Row{.name = "disable", .where = where::profile, .change = Change::new_sessions,
        .help = "Refuse this client (ccd/connect file).", .apply = disable},
    Row{.name = "override-username", .args = {1, 1, "name"}, .where = where::profile,
        .change = Change::new_sessions, .newer = true, .help = "Replace username of this client.",
        .apply = override_username},
};
// clang-format on

}  // namespace

Page per_client_page() { return {"One client of a server (client-config-dir)", per_client_rows}; }

}  // namespace adit::options
