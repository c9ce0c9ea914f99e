#include <array>

#include "ip/ethernet.h"
#include "options/pages.h"
#include "options/setters.h"
#include "options/table.h"

namespace adit::options {

namespace {

void mode(Use& use) {
  use.choice<Mode>(0, use.config().mode, {{"p2p", Mode::p2p}, {"server", Mode::server}});
}

// Network and netmask, without host bits.
std::optional<ip::Prefix> network(Use& use) {
  const auto address = use.v4(0);
  const auto mask = address ? use.v4(1) : std::nullopt;
  if (!mask) return std::nullopt;
  const auto length = ip::prefix_length_of_netmask(*mask);
  if (!length || address->masked(*length) != *address) {
    use.error("the network and the netmask do not fit each other",
              length ? "the network is " + address->masked(*length).text()
                     : "a netmask looks like 255.255.255.0");
    return std::nullopt;
  }
  return ip::Prefix{*address, *length};
}

void server(Use& use) {
  Server& server = use.config().server;
  if (use.has(2) && !use.one_of(2, {"nopool"})) return;
  server.network = network(use);
  server.no_pool = use.has(2);
  if (!server.network) return;
  if (server.network->length < 16)
    use.error("the network is too large", "use /16 (255.255.0.0) to /29");
  if (server.network->length > 30)
    use.error("the network is too small", "use /16 to /29 (255.255.255.248), with dev tap to /30");
}

void server_bridge(Use& use) {
  Bridge bridge{Bridge::Gateway::by_dhcp, {}, {}, {}, {}, use.at()};
  if (use.count() == 1 && use.word(0) == "nogw") {
    bridge.gateway = Bridge::Gateway::none;
  } else if (use.count() == 4) {
    for (std::size_t i = 0; i < 4; ++i) {
      if (!use.v4(i)) return;
    }
    bridge = {Bridge::Gateway::named, use.word(0), use.word(1), use.word(2), use.word(3), use.at()};
  } else if (use.count() != 0) {
    use.error("error parsing --server-bridge parameters",
              "write \"server-bridge GATEWAY NETMASK POOL-START POOL-END\", \"server-bridge nogw\" "
              "or \"server-bridge\"");
    return;
  }
  use.config().server.bridge = bridge;
}

void vlan_tagging(Use& use) { use.config().server.vlan.tagging = true; }

void vlan_accept(Use& use) {
  using Accept = Vlan::Accept;
  use.choice<Accept>(
      0, use.config().server.vlan.accept,
      {{"all", Accept::all}, {"tagged", Accept::tagged}, {"untagged", Accept::untagged}});
}

void vlan_pvid(Use& use) {
  if (use.in_profile()) {
    use.number(0, use.client_profile().vlan_pvid, 1, ip::last_vlan);
  } else {
    use.number(0, use.config().server.vlan.pvid, 1, ip::last_vlan);
  }
}

void server_ipv6(Use& use) {
  const auto network = use.v6_with_bits(0);
  if (!network) return;
  const auto [address, bits] = *network;
  if (bits < 64 || bits > 124) {
    use.error("the length /" + std::to_string(bits) + " is out of range", "use /64 to /124");
    return;
  }
  use.config().server.network6 = ip::Prefix::of(address, bits);
  if (address.masked(bits) != address) {
    use.warn("host bits are left away: the network is " + address.masked(bits).text());
  }
}

void push(Use& use) {
  const std::string& option = use.word(0);
  if (option.find(',') != std::string::npos) {
    use.error("a comma cannot be sent in an option", "push several options in several lines");
    return;
  }
  const auto words = split_words(option);
  const Row* const row = words && !words->empty() ? find_row(words->front()) : nullptr;
  if (words && !words->empty() && words->front().starts_with("--")) {
    use.warn("clients do not know an option with leading dashes", "push it without them");
  } else if (row != nullptr && !row->allowed(where::pushed) &&
             row->allowed(where::anywhere | where::profile) && row->kind == Class::other) {
    use.warn("clients do not take \"" + std::string(row->name) + "\" from a server");
  }
  (use.in_profile() ? use.client_profile().push : use.config().server.push).push_back(option);
}

void max_routes_per_client(Use& use) {
  if (use.in_profile()) {
    use.number(0, use.client_profile().max_routes);
  } else {
    use.number(0, use.config().server.max_routes_per_client);
  }
}

void ifconfig_pool(Use& use) {
  const auto start = use.v4(0);
  const auto end = start ? use.v4(1) : std::nullopt;
  if (!end || (use.has(2) && !use.v4(2))) return;
  if (*end < *start) {
    use.error("the pool starts behind its end", "write the lower address first");
  } else if (end->v4_number() - start->v4_number() >= 65536) {
    use.error("the pool is larger than 65536 addresses", "move its end nearer to its start");
  } else {
    use.config().server.pool = Pool4{use.word(0), use.word(1), use.word(2), use.at()};
  }
}

void ifconfig_pool_persist(Use& use) {
  Server& server = use.config().server;
  server.pool_persist = use.word(0);
  if (use.has(1)) use.seconds(1, server.pool_persist_interval);
}

void ifconfig_ipv6_pool(Use& use) {
  const auto pool = use.v6_with_bits(0);
  if (!pool) return;
  if (pool->second < 64 || pool->second > 124) {
    use.error("the length /" + std::to_string(pool->second) + " is out of range",
              "use /64 to /124");
    return;
  }
  use.config().server.pool6 = ip::Prefix{pool->first, pool->second};
}

void ifconfig_push_constraint(Use& use) {
  const auto address = use.v4(0);
  const auto mask = address ? use.v4(1) : std::nullopt;
  if (mask) use.config().server.push_constraint = {*address, *mask};
}

void verify_client_cert(Use& use) {
  using Policy = Identity::ClientCert;
  Identity& identity = use.config().identity;
  identity.verify_client_cert = Policy::require;
  if (!use.has(0)) return;
  use.choice<Policy>(
      0, identity.verify_client_cert,
      {{"none", Policy::none}, {"optional", Policy::optional}, {"require", Policy::require}});
}

template <typename Frequency>
void set_frequency(Use& use, Frequency& into) {
  std::pair<unsigned, Seconds> frequency;
  if (use.number(0, frequency.first, 1) && use.seconds(1, frequency.second, 1)) into = frequency;
}

void connect_freq(Use& use) { set_frequency(use, use.config().server.connect_freq); }
void connect_freq_initial(Use& use) {
  set_frequency(use, use.config().server.connect_freq_initial);
}

// Without an interval they are looked at as often as they may be silent.
void stale_routes_check(Use& use) {
  Server::StaleRoutes stale;
  if (!use.seconds(0, stale.age, 1)) return;
  stale.interval = stale.age;
  if (use.has(1) && !use.seconds(1, stale.interval, 1)) return;
  use.config().server.stale_routes = stale;
}

// Lifetime, then renewal; "external-auth" stands behind what there is of them.
void auth_gen_token(Use& use) {
  Server::AuthToken token;
  std::size_t at = 0;
  if (use.has(at) && use.word(at) != "external-auth" && !use.seconds(at++, token.lifetime)) return;
  if (at == 1 && use.has(at) && use.word(at) != "external-auth") {
    Seconds renewal{};
    if (!use.seconds(at++, renewal, 1)) return;
    token.renewal = renewal;
  }
  if (use.has(at) && !use.one_of(at, {"external-auth"})) return;
  token.external_auth = use.has(at);
  use.config().server.auth_gen_token = token;
}

// clang-format off
constexpr std::array server_rows{
    Row{.name = "mode", .args = {1, 1, "p2p|server"}, .help = "Operating mode.", .apply = mode},
    Row{.name = "server", .args = {2, 3, "net mask [nopool]"},
        .help = "Helper for routed/bridged server.", .apply = server},
    Row{.name = "server-ipv6", .args = {1, 1, "net/bits"}, .help = "IPv6 helper, 64..124.",
        .apply = server_ipv6},
    Row{.name = "server-bridge", .args = {0, 4, "[gateway netmask pool-start pool-end | nogw]"},
        .help = "Helper for bridged server.", .apply = server_bridge},
    Row{.name = "push", .args = {1, 1, "\"option\""}, .where = where::anywhere | where::profile,
        .change = Change::new_sessions, .help = "Option for clients; quote to one parameter.",
        .apply = push},
    Row{.name = "client-config-dir", .args = {1, 1, "dir"}, .change = Change::now,
        .help = "Per-CN option files; DEFAULT fallback.",
        .apply = set_text<&Config::server, &Server::ccd>},
    Row{.name = "ccd-exclusive", .change = Change::new_sessions, .judges = true,
        .help = "Refuse clients without a ccd file.",
        .apply = set_flag<&Config::server, &Server::ccd_exclusive>},
    Row{.name = "client-to-client", .change = Change::now,
        .help = "Switch client traffic internally, not via OS.",
        .apply = set_flag<&Config::server, &Server::client_to_client>},
    Row{.name = "duplicate-cn", .change = Change::new_sessions,
        .help = "Allow several clients with one CN.",
        .apply = set_flag<&Config::server, &Server::duplicate_cn>},
    Row{.name = "max-clients", .args = {1, 1, "n"}, .change = Change::now,
        .help = "Concurrent client limit.",
        .apply = set_number<&Config::server, &Server::max_clients, 1>},
    Row{.name = "max-routes-per-client", .args = {1, 1, "n"},
        .where = where::anywhere | where::profile, .change = Change::now,
        .help = "Internal route limit per client.", .apply = max_routes_per_client},
    Row{.name = "ifconfig-pool", .args = {2, 3, "start end [mask]"}, .help = "IPv4 dynamic pool.",
        .apply = ifconfig_pool},
    Row{.name = "ifconfig-pool-persist", .args = {1, 2, "file [sec]"},
        .help = "Remember CN to address; sec 0 = read-only, fixed.",
        .apply = ifconfig_pool_persist},
    Row{.name = "ifconfig-ipv6-pool", .args = {1, 1, "addr/bits"}, .help = "IPv6 pool.",
        .apply = ifconfig_ipv6_pool},
    Row{.name = "ifconfig-push-constraint", .args = {2, 2, "net mask"},
        .help = "Range allowed for ifconfig-push.", .apply = ifconfig_push_constraint},
    Row{.name = "verify-client-cert", .args = {0, 1, "[none|optional|require]"},
        .change = Change::handshakes, .judges = true, .help = "Client certificate policy.",
        .apply = verify_client_cert},
    Row{.name = "username-as-common-name", .change = Change::new_sessions,
        .help = "Use username as CN for ccd etc.",
        .apply = set_flag<&Config::server, &Server::username_as_common_name>},
    Row{.name = "auth-user-pass-optional", .change = Change::handshakes, .judges = true,
        .help = "Permit clients that send no username/password.",
        .apply = set_flag<&Config::server, &Server::auth_user_pass_optional>},
    Row{.name = "connect-freq", .args = {2, 2, "n sec"}, .change = Change::now,
        .help = "Limit new TLS sessions per period (UDP).", .apply = connect_freq},
    Row{.name = "connect-freq-initial", .args = {2, 2, "n sec"}, .change = Change::now,
        .help = "Limit replies to initial packets (stateless handshake).",
        .apply = connect_freq_initial},
    Row{.name = "tcp-queue-limit", .args = {1, 1, "n"}, .help = "Output queue per TCP client.",
        .apply = set_number<&Config::server, &Server::tcp_queue_limit, 1>},
    Row{.name = "auth-gen-token", .args = {0, many, "[lifetime [renewal] [external-auth]]"},
        .help = "Push session tokens replacing passwords after first authentication.",
        .apply = auth_gen_token},
    Row{.name = "auth-gen-token-secret", .args = {1, 1, "file"},
        .where = where::anywhere | where::inside,
        .help = "Key file for signing auth tokens across restarts.",
        .apply = set_file<&Config::server, &Server::auth_gen_token_secret>},
    Row{.name = "stale-routes-check", .args = {1, 2, "age [interval]"},
        .help = "Forget stations behind clients (tap) of which nothing comes for so long.",
        .apply = stale_routes_check},
    Row{.name = "vlan-tagging", .help = "VLAN-aware tap server.", .apply = vlan_tagging},
    Row{.name = "vlan-accept", .args = {1, 1, "all|tagged|untagged"},
        .help = "802.1Q frame policy.", .apply = vlan_accept},
    Row{.name = "vlan-pvid", .args = {1, 1, "1..4094"}, .where = where::anywhere | where::profile,
        .help = "Port VLAN id.", .apply = vlan_pvid},
    Row{.name = "hash-size", .args = {2, 2, "real virtual"}, .state = State::accepted,
        .change = Change::nothing, .note = "tables and queues size themselves",
        .help = "Hash table sizes (2.6 uses first for both)."},
    Row{.name = "bcast-buffers", .args = {1, 1, "n>=1"}, .state = State::accepted,
        .change = Change::nothing, .note = "tables and queues size themselves",
        .help = "Number of broadcast buffers."},
    Row{.name = "opt-verify", .state = State::accepted,
        .note = "it is gone in OpenVPN 2.7; options that differ are logged",
        .help = "Disconnect peers with different options string."},
};
// clang-format on

}  // namespace

Page server_page() { return {"Server", server_rows}; }

}  // namespace adit::options
