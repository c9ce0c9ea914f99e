#include "app/site_command.h"

#include <cstdio>

#include <CLI/CLI.hpp>

#include "app/clients_bench.h"
#include "base/text.h"
#include "setup/running.h"
#include "setup/sites.h"

namespace adit::app {

class SiteArguments {
 public:
  std::string dir = usual_dir;
  std::string name, address;
  std::vector<std::string> lans, maps, deny;
  bool json = false;
};

namespace {

Result<std::optional<setup::Site>> site_of(setup::Host& host, const std::string& dir,
                                           const std::string& name) {
  const auto facts = setup::read_server(host, dir);
  if (!facts) return fail_with(facts.error());
  for (setup::Site& site : setup::sites_of(*facts)) {
    if (site.name == name) return std::optional(std::move(site));
  }
  return std::optional<setup::Site>{};
}

Result<setup::SiteRequest> site_request_of(const SiteArguments& given) {
  setup::SiteRequest request;
  request.name = given.name;
  auto lans = networks_of("--lan", given.lans);
  if (!lans) return fail_with(lans.error());
  request.lans = std::move(*lans);
  if (request.lans.empty()) return fail("--lan: name the networks behind {}", given.name);
  auto maps = networks_of("--map", given.maps);
  if (!maps) return fail_with(maps.error());
  request.shown = std::move(*maps);
  for (const std::string& word : given.deny) {
    for (const std::string_view one : split(word, ',')) request.deny.emplace_back(one);
  }
  if (given.address.empty()) return request;
  const auto address = ip::Address::parse_v4(given.address);
  if (!address) return fail("--ip: \"{}\" is not an IPv4 address", given.address);
  request.fixed = *address;
  return request;
}

// Whether the running server has it now, in one sentence.
std::string running_text(setup::Host& host, const std::string& dir) {
  const setup::Running running = setup::running_server(host, dir, setup::unit_of(dir));
  if (!running.any()) return "no server runs here now; its next start has it";
  return "the running server has read it; connected clients stay, and hear of it when they connect "
         "next";
}

void tell_gateway(const setup::Site& site, const std::string& profile) {
  const std::string file = profile.substr(profile.rfind('/') + 1);
  tell("\n  profile   " + profile);
  tell("  On the gateway of " + site.name + ", as root:  adit join " + file + "    (or: openvpn " +
       file + ", with forwarding on)");
  const auto rules = setup::gateway_rules(site);
  if (!rules || !*rules) return;
  tell(
      "\n  adit join translates by itself. A gateway with another OpenVPN needs these rules,\n"
      "  in a file for \"nft -f\":\n");
  for (const std::string_view line : split(**rules, '\n')) {
    const bool translates = line.find("routing ") != std::string_view::npos &&
                            (line.find(" rule ") != std::string_view::npos ||
                             line.find(" { type ") != std::string_view::npos);
    const bool needed = translates || line.starts_with("add table");
    if (needed) tell("      " + std::string(line));
  }
}

int site_add(const SiteArguments& given) {
  ClientsBench bench(given.dir, given.json);
  const auto request = site_request_of(given);
  if (!request) return complain(request.error());
  auto edit = setup::edit_for_site(*bench.host, bench.dir, *request);
  if (!edit) return complain(edit.error());
  if (Status done = bench.clients.carry_out(std::move(*edit), given.name, bench.progress); !done) {
    return complain(done.error());
  }
  const auto site = site_of(*bench.host, bench.dir, given.name);
  if (!site) return complain(site.error());
  if (!*site) return complain({"the site " + given.name + " was not written", {}});
  if (given.json) {
    std::fputs(setup::render_json({**site}).c_str(), stdout);
    return 0;
  }
  tell("\n" + setup::render_table({**site}) + "\n  " + running_text(*bench.host, bench.dir));
  tell_gateway(**site, bench.clients.profile_path(given.name));
  return 0;
}

int show_sites(const SiteArguments& given, std::vector<setup::Site> sites) {
  const std::string text = given.json ? setup::render_json(sites) : setup::render_table(sites);
  std::fputs(text.c_str(), stdout);
  return 0;
}

int site_list(const SiteArguments& given) {
  const auto host = setup::real_host();
  const auto facts = setup::read_server(*host, absolute_dir(given.dir));
  if (!facts) return complain(facts.error());
  return show_sites(given, setup::sites_of(*facts));
}

int site_show(const SiteArguments& given) {
  const auto host = setup::real_host();
  const std::string dir = absolute_dir(given.dir);
  const auto site = site_of(*host, dir, given.name);
  if (!site) return complain(site.error());
  if (!*site) return complain({"there is no site " + given.name, "adit site list shows all"});
  show_sites(given, {**site});
  if (!given.json) tell_gateway(**site, dir + "/clients/" + given.name + ".ovpn");
  return 0;
}

int site_remove(const SiteArguments& given) {
  ClientsBench bench(given.dir, given.json);
  auto edit = setup::edit_without_site(*bench.host, bench.dir, given.name);
  if (!edit) return complain(edit.error());
  if (Status done = bench.clients.apply(*edit, bench.progress); !done)
    return complain(done.error());
  if (given.json) return site_list(given);
  tell("  " + running_text(*bench.host, bench.dir));
  tell(given.name + " is no site any more; as a client it may still come in (adit client revoke " +
       given.name + ").");
  return 0;
}

}  // namespace

std::shared_ptr<SiteArguments> add_site(CLI::App& root, int& status) {
  auto held = std::make_shared<SiteArguments>();
  SiteArguments& given = *held;
  CLI::App* site = root.add_subcommand("site", "networks behind clients");
  site->require_subcommand(1);
  const auto command = [&](const char* verb, const char* what, int (*run)(const SiteArguments&)) {
    CLI::App* one = site->add_subcommand(verb, what);
    one->add_option("--dir", given.dir, "where the server's state lives")->capture_default_str();
    one->add_flag("--json", given.json, "for programs");
    one->callback([&given, &status, run] { status = run(given); });
    return one;
  };
  const auto named = [&](CLI::App* one) {
    one->add_option("NAME", given.name, "of the client that is the site's gateway")->required();
    return one;
  };
  CLI::App* add = named(
      command("add", "behind this client are these networks; makes the client where there is none",
              site_add));
  add->add_option("--lan", given.lans, "the networks there")->required();
  add->add_option("--map", given.maps,
                  "as the tunnel sees them, one for each --lan: for sites that use the same");
  add->add_option("--deny", given.deny, "networks, clients or sites that may not reach it");
  add->add_option("--ip", given.address, "the gateway's fixed address in the tunnel");
  command("list", "all sites", site_list);
  named(command("show", "one site, and what its gateway needs", site_show));
  named(command("remove", "its networks are no longer routed; the client stays", site_remove));
  return held;
}

}  // namespace adit::app
