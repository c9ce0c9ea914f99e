#include <algorithm>
#include <array>

#include "options/dns_address.h"
#include "options/pages.h"
#include "options/setters.h"

namespace adit::options {

namespace {

bool is_metric(std::string_view text) {
  const auto metric = to_number<std::uint32_t>(text);
  return metric && *metric <= Use::largest;
}

bool is_default(const std::string& word) { return word.empty() || word == "default"; }

bool is_special_place(std::string_view word) {
  return word == "vpn_gateway" || word == "net_gateway" || word == "remote_host";
}

bool is_place(const Use& use, std::size_t index) {
  const std::string& word = use.word(index);
  if (is_special_place(word)) return true;
  if (use.is_address_or_name(index)) return true;
  const auto prefix = ip::Prefix::parse(word);
  use.warn('"' + shown(word) + "\" is not an address; this route is left out",
           prefix && prefix->address.is_v4()
               ? "write " + prefix->address.text() + ' ' + prefix->netmask().text()
               : std::string());
  return false;
}

std::string word_or_nothing(const Use& use, std::size_t index) {
  return is_default(use.word(index)) ? std::string() : use.word(index);
}

bool metric_is_good(const Use& use, std::size_t index) {
  if (is_default(use.word(index)) || is_metric(use.word(index))) return true;
  use.warn('"' + shown(use.word(index)) + "\" is not a metric; this route is left out");
  return false;
}

void route(Use& use) {
  if (!is_place(use, 0)) return;
  if (!is_default(use.word(1))) {
    const auto mask = ip::Address::parse_v4(use.word(1));
    if (!mask || !ip::prefix_length_of_netmask(*mask)) {
      use.warn('"' + shown(use.word(1)) + "\" is not a netmask; this route is left out",
               "255.255.255.0 stands for 256 addresses");
      return;
    }
  }
  if (!is_default(use.word(2)) && !is_place(use, 2)) return;
  if (!metric_is_good(use, 3)) return;
  use.routes().v4.push_back({use.word(0), word_or_nothing(use, 1), word_or_nothing(use, 2),
                             word_or_nothing(use, 3), use.at()});
}

void route_ipv6(Use& use) {
  const auto prefix = ip::Prefix::parse(use.word(0));
  if (!prefix || prefix->address.is_v4()) {
    use.warn('"' + shown(use.word(0)) + "\" is not an IPv6 network; this route is left out",
             "write addr/bits");
    return;
  }
  if (!is_default(use.word(1)) && !ip::Address::parse_v6(use.word(1))) {
    use.warn('"' + shown(use.word(1)) + "\" is not an IPv6 address; this route is left out");
    return;
  }
  if (!metric_is_good(use, 2)) return;
  use.routes().v6.push_back(
      {prefix->text(), word_or_nothing(use, 1), word_or_nothing(use, 2), use.at()});
}

// Stock takes the special names of "route", and then finds no host of that name.
void route_gateway(Use& use) {
  const std::string& gateway = use.word(0);
  if (is_special_place(gateway)) {
    use.routes().gateway = gateway;
    use.warn('"' + gateway +
                 "\" is none that packets can be sent to; routes without a gateway of "
                 "their own are left out",
             "write an address, or dhcp");
  } else if (gateway == "dhcp" || ip::Address::parse(gateway)) {
    use.routes().gateway = gateway;
  } else {
    use.error('"' + shown(gateway) + "\" is not an address", "write an address, or dhcp");
  }
}

void route_ipv6_gateway(Use& use) {
  if (use.in_profile()) {
    use.note("it says nothing about a client; push it instead");
  } else if (const auto gateway = use.v6(0)) {
    use.routes().gateway6 = gateway->text();
  }
}

void redirect(Use& use, bool gateway) {
  auto& redirect = use.routes().redirect;
  if (redirect && !use.is_pushed()) use.note("said more than once; the flags are added up");
  if (!redirect) redirect.emplace();
  if (gateway) redirect->on = true;
  const std::pair<std::string_view, bool RedirectGateway::*> flags[] = {
      {"local", &RedirectGateway::local},
      {"autolocal", &RedirectGateway::autolocal},
      {"def1", &RedirectGateway::def1},
      {"bypass-dhcp", &RedirectGateway::bypass_dhcp},
      {"bypass-dns", &RedirectGateway::bypass_dns},
      {"block-local", &RedirectGateway::block_local},
      {"ipv6", &RedirectGateway::ipv6},
      {"!ipv4", &RedirectGateway::no_ipv4},
  };
  for (const std::string& word : use.words()) {
    const auto* const known = std::ranges::find(flags, std::string_view(word),
                                                [](const auto& flag) { return flag.first; });
    if (known == std::end(flags)) {
      use.error('"' + shown(word) + "\" is not a known flag",
                "use local, autolocal, def1, bypass-dhcp, bypass-dns, block-local, ipv6 or !ipv4");
    } else {
      *redirect.*known->second = true;
    }
  }
}

void redirect_gateway(Use& use) { redirect(use, true); }
void redirect_private(Use& use) { redirect(use, false); }

// Scripts read these words, so what a server sends must be what it says it is.
void dhcp_option(Use& use) {
  const std::string& type = use.word(0);
  const bool wants_address =
      type == "DNS" || type == "DNS6" || type == "WINS" || type == "NTP" || type == "NBDD";
  const bool wants_name =
      type == "DOMAIN" || type == "DOMAIN-SEARCH" || type == "ADAPTER_DOMAIN_SUFFIX";
  const std::string& value = use.word(1);
  const bool good = is_host_name(type) && (!wants_address || ip::Address::parse(value)) &&
                    (!wants_name || is_host_name(value));
  if (!good) {
    use.warn('"' + shown(value) + "\" does not fit " + shown(type) +
             (use.is_pushed() ? "; it is left out" : ""));
    if (use.is_pushed()) return;
  }
  use.scripts().foreign_options.push_back("dhcp-option " + join(use.words(), " "));
}

bool dns_values_are_good(Use& use, std::string_view kind, std::size_t first) {
  bool good = use.has(first);
  for (std::size_t i = first; i < use.count(); ++i) {
    const std::string& word = use.word(i);
    if (kind == "address") good = good && i < first + 8 && parse_dns_address(word);
    if (kind == "dnssec") good = good && (word == "yes" || word == "no" || word == "optional");
    if (kind == "transport") good = good && (word == "plain" || word == "DoH" || word == "DoT");
    if (kind == "resolve-domains" || kind == "search-domains" || kind == "sni")
      good = good && is_host_name(word);
  }
  if (!good) {
    use.error("the value does not fit " + std::string(kind),
              "an address may have a port behind it, as 10.8.0.1:53 or [fd00::1]:53; the rest are "
              "names or words");
  }
  return good;
}

void dns(Use& use) {
  if (use.word(0) == "search-domains") {
    if (dns_values_are_good(use, "search-domains", 1)) use.scripts().dns.push_back(use.words());
    return;
  }
  if (use.word(0) != "server") {
    use.error('"' + shown(use.word(0)) + "\" is not known here", "use search-domains or server");
    return;
  }
  const std::int64_t least = use.is_pushed() ? 0 : -128;
  if (!use.integer(1, least, 127) ||
      !use.one_of(2, {"address", "resolve-domains", "dnssec", "transport", "sni"})) {
    return;
  }
  if (dns_values_are_good(use, use.word(2), 3)) use.scripts().dns.push_back(use.words());
}

void dns_updown(Use& use) {
  Scripts& scripts = use.scripts();
  if (use.word(0) == "disable") {
    scripts.dns_choice = DnsUpdown::disable;
  } else if (use.word(0) == "force") {
    scripts.dns_choice = DnsUpdown::force;
  } else {
    set_script<&Scripts::dns_updown>(use);
  }
}

void client_nat(Use& use) {
  NatLine line;
  const bool known = use.one_of(0, {"snat", "dnat"});
  const auto network = use.v4(1);
  const auto netmask = use.v4(2);
  const auto alias = use.v4(3);
  if (!known || !network || !netmask || !alias) return;
  line.destination = use.word(0) == "dnat";
  line.netmask = netmask->v4_number();
  line.network = network->v4_number();
  line.alias = alias->v4_number();
  if ((line.network & ~line.netmask) != 0 || (line.alias & ~line.netmask) != 0) {
    use.warn("no address matches: the netmask leaves out bits that are set",
             "use the networks' "
             "first addresses");
  }
  constexpr std::size_t most = 64;  // source: stock 2.6.14
  auto& lines = use.routes().client_nat;
  if (lines.size() >= most) return use.warn("there are more than 64 of them; this one is left out");
  lines.push_back(line);
}

void kill_switch(Use& use) {
  KillSwitch& wanted = use.config().kill_switch;
  if (use.has(0) && !use.one_of(0, {"allow-lan"})) return;
  wanted = {true, use.has(0)};
}

// The second number is the longest wait for the device of other systems.
void route_delay(Use& use) {
  std::pair<Seconds, Seconds> delay{0, 30};
  if (use.has(0) && !use.seconds(0, delay.first)) return;
  if (use.has(1) && !use.seconds(1, delay.second)) return;
  use.routes().delay = delay;
}

// clang-format off
constexpr std::array routing_rows{
    Row{.name = "route", .args = {1, 4, "net [mask|default] [gw|default] [metric|default]"},
        .where = where::anywhere | where::pushed, .kind = Class::route,
        .change = Change::now,
        .help = "Add route after tunnel is up.", .sibling = "iroute", .apply = route},
    Row{.name = "route-ipv6", .args = {1, 3, "net/bits [gw] [metric]"},
        .where = where::anywhere | where::pushed, .kind = Class::route, .change = Change::now,
        .help = "Add IPv6 route.",
        .sibling = "iroute-ipv6", .apply = route_ipv6},
    Row{.name = "route-gateway", .args = {1, 1, "gw|dhcp"},
        .where = where::anywhere | where::pushed, .change = Change::now,
        .help = "Default gateway for route.",
        .apply = route_gateway},
    Row{.name = "route-ipv6-gateway", .args = {1, 1, "addr"},
        .where = where::anywhere | where::pushed | where::profile,
        .change = Change::now,
        .help = "Default gateway for route-ipv6.", .apply = route_ipv6_gateway},
    Row{.name = "route-metric", .args = {1, 1, "m"}, .where = where::anywhere | where::pushed,
        .kind = Class::route, .change = Change::now, .help = "Default metric.",
        .apply = set_number<&Config::routes, &Routes::metric>},
    Row{.name = "route-delay", .args = {0, 2, "[n [w]]"}, .where = where::anywhere | where::pushed,
        .help = "Delay before adding routes.", .apply = route_delay},
    Row{.name = "route-noexec", .help = "Do not add routes; env only.",
        .apply = set_flag<&Config::routes, &Routes::noexec>},
    Row{.name = "route-nopull", .help = "Ignore pushed routes and DNS options.",
        .apply = set_flag<&Config::routes, &Routes::nopull>},
    Row{.name = "route-table", .args = {1, 1, "id"}, .change = Change::now, .newer = true,
        .help = "Routing table for routes.", .apply = set_number<&Config::routes, &Routes::table>},
    Row{.name = "redirect-gateway",
        .args = {0, many, "flags: local autolocal def1 bypass-dhcp bypass-dns block-local ipv6 "
         "!ipv4"},
        .where = where::anywhere | where::pushed, .kind = Class::route,
        .help = "Route default through VPN.", .apply = redirect_gateway},
    Row{.name = "redirect-private", .args = {0, many, "same flags"},
        .where = where::anywhere | where::pushed, .kind = Class::route,
        .help = "As redirect-gateway but default route kept.", .apply = redirect_private},
    Row{.name = "dhcp-option", .args = {1, many, "type [value]"},
        .where = where::anywhere | where::pushed, .kind = Class::dns,
        .help = "DHCP-like option; on Unix exported as foreign_option_N.", .apply = dhcp_option},
    Row{.name = "dns",
        .args = {1, many, "search-domains domain... | server n "
         "address|resolve-domains|dnssec|transport|sni value..."},
        .where = where::anywhere | where::pushed, .kind = Class::dns,
        .help = "Structured DNS settings.", .apply = dns},
    Row{.name = "dns-updown", .args = {1, 1, "cmd|disable|force"}, .newer = true,
        .help = "Script applying --dns settings.", .apply = dns_updown},
    Row{.name = "block-outside-dns", .where = where::anywhere | where::pushed, .kind = Class::dns,
        .help = "Block DNS outside tunnel, where the tunnel brings servers.",
        .apply = set_flag<&Config::routes, &Routes::block_outside_dns>},
    Row{.name = "client-nat", .args = {4, 4, "snat|dnat net mask alias"},
        .where = where::anywhere | where::pushed, .kind = Class::route,
        .help = "One-to-one NAT of tunnel packets.", .apply = client_nat},
    Row{.name = "kill-switch", .args = {0, 1, "[allow-lan]"}, .ours = true,
        .help = "Nothing leaves this host but through the tunnel, also while it is down or this "
                "program has crashed; allow-lan: nor to networks that the host lies in.",
        .apply = kill_switch},
    Row{.name = "allow-pull-fqdn", .help = "Allow DNS names in pushed ifconfig/route.",
        .apply = set_flag<&Config::client, &Client::allow_pull_fqdn>},
    Row{.name = "max-routes", .args = {0, 1, "[n]"},
        .where = where::anywhere | where::pushed | where::profile, .state = State::accepted,
        .note = "the number of routes has no limit", .help = "Old route-table limit."},
    Row{.name = "route-method", .args = {1, 1, "x"}, .where = where::anywhere | where::pushed,
        .state = State::accepted, .note = "it speaks of Windows", .help = "Windows route API."},
};
// clang-format on

}  // namespace

Page routing_page() { return {"Routes and names", routing_rows}; }

}  // namespace adit::options
