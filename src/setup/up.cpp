#include "setup/up.h"

#include <algorithm>

#include "base/text.h"
#include "setup/addresses.h"
#include "setup/firewall_plan.h"
#include "setup/firewall_wishes.h"
#include "setup/own_files.h"
#include "setup/running.h"
#include "setup/unit_file.h"

namespace adit::setup {

namespace {

constexpr const char* usual_server = "server";

// What is known on the way.
struct Draft {
  Host& host;
  const UpRequest& request;
  Certificates* pki = nullptr;  // none for an edit
  std::optional<ServerFacts> present{};
  std::string text{};     // of server.conf, as it will be
  ClientTexts clients{};  // of client-config-dir, that change with it
  Running running{};
  UpPlan plan{};

  [[nodiscard]] std::string in_dir(std::string_view name) const {
    return request.dir + "/" + std::string(name);
  }
  void wish(Wish one) { plan.wishes.emplace_back(std::move(one)); }
  // Rights and owner of a file that is there stay.
  Status wish_text(const std::string& path, const std::string& text) {
    const auto file = host.read_file(path);
    if (!file) return fail_with(file.error());
    Wish one = wish_kept_file(path, text);
    if (*file) one.state = file_state(text, (*file)->mode, (*file)->owner);
    wish(std::move(one));
    return {};
  }
  void act(std::string said, std::function<Status()> act) {
    plan.wishes.emplace_back(Act{std::move(said), std::move(act)});
  }
};

bool is_global(const ip::Address& address) {
  return !address.is_v4() && ip::Prefix::parse("2000::/3")->contains(address);
}

// Fills in what was not said for a server that is not there yet.
ServerSettings with_defaults(Draft& draft) {
  ServerSettings settings = draft.request.settings;
  if (!settings.network) {
    const auto used = networks_of(draft.host, nullptr);
    settings.network = free_network(used);
    if (const auto taken =
            overlap({"the usual network", *ip::Prefix::parse("10.8.0.0/24")}, used)) {
      draft.plan.notes.push_back(taken->what + ", so the tunnel has " + settings.network->text());
    }
  }
  if (!settings.endpoint) {
    const auto guess = draft.host.outward_address();
    settings.endpoint = guess ? guess->text() : "127.0.0.1";
  }
  return settings;
}

Status draft_configuration(Draft& draft) {
  const std::string path = draft.in_dir("server.conf");
  const auto file = draft.host.read_file(path);
  if (!file) return fail_with(file.error());
  if (*file) {
    auto present = read_server_text(draft.host, draft.request.dir, (*file)->text);
    if (!present) return fail_with(present.error());
    draft.present = std::move(*present);
    ConfText conf((*file)->text);
    ServerSettings settings = draft.request.settings;
    edit_server_conf(conf, *draft.present, settings);
    const bool same = ConfText((*file)->text).text() == conf.text();
    draft.text = same ? (*file)->text : conf.text();
  } else {
    const auto addresses = draft.host.addresses();
    const bool dual = std::ranges::any_of(
        addresses, [](const HostAddress& one) { return is_global(one.address); });
    draft.text = new_server_conf(with_defaults(draft), dual);
    draft.plan.is_new = true;
    if (const auto name = draft.pki->server_name(); name && *name != usual_server) {
      ConfText conf(draft.text);
      conf.set({"cert", "pki/issued/" + *name + ".crt"});
      conf.set({"key", "pki/private/" + *name + ".key"});
      draft.text = conf.text();
    }
  }
  auto facts = read_server_text(draft.host, draft.request.dir, draft.text);
  if (!facts) return fail_with(facts.error());
  draft.plan.facts = std::move(*facts);
  return {};
}

// IPv6 addresses that adit gave with fixed ones follow the network.
Status draft_addresses6(Draft& draft) {
  ServerFacts& facts = draft.plan.facts;
  if (!draft.present || !draft.present->network6) return {};
  if (draft.present->network6 == facts.network6) return {};
  for (const ClientFile& client : facts.clients) {
    if (!client.fixed || !client.fixed6) continue;
    if (client.fixed6 != matching_address6(*draft.present, *client.fixed)) continue;
    const auto file = draft.host.read_file(facts.ccd + "/" + client.name);
    if (!file) return fail_with(file.error());
    ConfText text(*file ? (*file)->text : "");
    if (!facts.network6) text.remove(begins_with({"ifconfig-ipv6-push"}));
    if (Status set = set_fixed_address(text, facts, *client.fixed); !set) return set;
    draft.clients[client.name] = text.text();
  }
  auto changed = read_server_text(draft.host, draft.request.dir, draft.text, draft.clients);
  if (!changed) return fail_with(changed.error());
  facts = std::move(*changed);
  return {};
}

Status draft_edit(Draft& draft, const Edit& edit) {
  const auto text = server_text(draft.host, edit.dir);
  if (!text) return fail_with(text.error());
  draft.text = edit.conf.value_or(*text);
  auto facts = read_server_text(draft.host, edit.dir, draft.text, edit.clients);
  if (!facts) return fail_with(facts.error());
  draft.plan.facts = std::move(*facts);
  return {};
}

Status wish_clients(Draft& draft, const ClientTexts& clients) {
  for (const auto& [name, text] : clients) {
    const std::string path = draft.plan.facts.ccd + "/" + name;
    if (!text) {
      draft.wish({{Thing::Kind::file, path}, {}, true});
    } else if (Status done = draft.wish_text(path, *text); !done) {
      return done;
    }
  }
  return {};
}

void wish_folders(Draft& draft) {
  const auto kept = [&](const std::string& path, unsigned mode) {
    // One that is there may have been given other rights on purpose.
    if (draft.host.folder(path)) return;
    draft.wish({{Thing::Kind::folder, path}, folder_state(mode), true});
  };
  kept(draft.request.dir, 0755);
  if (!draft.plan.facts.ccd.empty()) kept(draft.plan.facts.ccd, 0755);
  kept(draft.in_dir("clients"), private_folder);
}

void wish_certificates(Draft& draft) {
  if (!draft.plan.is_new) return;
  Certificates& pki = *draft.pki;
  if (!pki.has_authority()) {
    draft.act("make a certificate authority in " + draft.in_dir("pki"),
              [&pki] { return pki.make_authority(); });
  }
  if (!pki.server_name()) {
    draft.act("issue the certificate of the server",
              [&pki] { return pki.issue_server(usual_server); });
  }
  const std::string name = draft.request.first_client;
  if (!pki.has_client(name)) {
    draft.act("issue the certificate of " + name, [&pki, name] { return pki.issue_client(name); });
  }
}

void wish_first_profile(Draft& draft) {
  if (!draft.plan.is_new) return;
  const std::string name = draft.request.first_client;
  const std::string path = draft.in_dir("clients/" + name + ".ovpn");
  draft.plan.profile = path;
  draft.act(
      "write the profile " + path + ", mode 0600",
      [&host = draft.host, &pki = *draft.pki, facts = draft.plan.facts, name, path]() -> Status {
        const auto text = pki.profile(name, facts);
        if (!text) return fail_with(text.error());
        return host.write_file(path, {*text, private_file});
      });
}

// Profiles given out before name another place or protocol.
void wish_profiles(Draft& draft) {
  const ServerFacts& facts = draft.plan.facts;
  if (draft.plan.is_new || facts.endpoint.empty()) return;
  const bool same = draft.present->endpoint == facts.endpoint &&
                    draft.present->port == facts.port && draft.present->tcp == facts.tcp;
  if (same) return;
  for (const std::string& name : draft.host.files_in(draft.in_dir("clients"))) {
    if (!name.ends_with(".ovpn")) continue;
    const std::string path = draft.in_dir("clients/" + name);
    const auto file = draft.host.read_file(path);
    if (!file || !*file) continue;
    ConfText conf((*file)->text);
    conf.set({"remote", facts.endpoint, std::to_string(facts.port)});
    conf.set({"proto", facts.tcp ? "tcp-client" : "udp"});
    Wish wish = wish_kept_file(path, conf.text());
    wish.state = file_state(conf.text(), (*file)->mode, (*file)->owner);
    wish.secret = true;
    draft.wish(std::move(wish));
    draft.plan.notes.push_back("give " + path +
                               " to its client again: the server's address changed");
  }
}

// Clients are told of a network that this host itself would look for elsewhere.
void note_missing_routes(Draft& draft) {
  const auto routes = draft.host.routes();
  for (const ip::Prefix& lan : draft.plan.facts.lans) {
    const bool known = std::ranges::any_of(routes, [&](const HostRoute& route) {
      return route.to.length > 0 && route.to.overlaps(lan);
    });
    if (known) continue;
    draft.plan.notes.push_back("this host has no route to " + lan.text() +
                               " of its own: what clients send there leaves by the default route");
  }
}

void wish_all(Draft& draft, Wishes wishes) {
  std::ranges::move(wishes, std::back_inserter(draft.plan.wishes));
}

Status wish_firewall(Draft& draft, const Journal& journal) {
  const firewall::Plan plan = plan_of(draft.plan.facts, draft.plan.instance);
  Wishes sysctls = sysctl_wishes(draft.host, plan, "adit up", "adit down");
  if (!draft.plan.facts.firewall) {
    draft.plan.notes.push_back("no firewall rules are set (--no-firewall)");
    wish_all(draft, std::move(sysctls));
    return {};
  }
  auto rules = rule_wishes(draft.host, plan, journal);
  if (!rules) return fail_with(rules.error());
  wish_all(draft, std::move(sysctls));
  wish_all(draft, std::move(rules->wishes));
  std::ranges::move(rules->notes, std::back_inserter(draft.plan.notes));
  return {};
}

void wish_service(Draft& draft) {
  if (!draft.request.service) return;
  UnitFile file{.kind = UnitFile::Kind::server, .program = draft.request.program};
  file.dir = draft.request.dir;
  file.name = "server";
  file.firewall = draft.plan.facts.firewall;
  wish_all(draft, service_wishes(draft.host, file, draft.plan.unit));
}

// The configuration as the running server has read it, so that an edit by hand is noticed.
Status wish_reload(Draft& draft, Journal& journal) {
  // The journal's own folder: it goes with the journal.
  draft.plan.wishes.emplace_back(Wish{{Thing::Kind::folder, state_folder(draft.request.dir)},
                                      folder_state(private_folder),
                                      true,
                                      false,
                                      true});
  Wish read = wish_file(state_folder(draft.request.dir) + "/read.conf", draft.text, private_file);
  read.quiet = true;
  const Record* known = journal.find(read.thing);
  const bool same = known != nullptr && !known->ours.empty() && known->ours.back() == read.state;
  draft.wish(read);
  if (!draft.running.any() || same) return {};
  draft.act("have the running server read its configuration again",
            [&host = draft.host, running = draft.running]() -> Status {
              const auto said = reload(host, running);
              if (!said) return fail_with(said.error());
              return {};
            });
  return {};
}

// Two folders of one name would have one unit and one set of rules.
std::optional<Error> namesake(Host& host, const std::string& dir) {
  const std::string other = folder_of_unit_file(host, unit_of(dir));
  if (other.empty() || other == dir) return std::nullopt;
  const auto journal = host.read_file(state_folder(other) + "/up.json");
  if (!journal || !*journal) return std::nullopt;  // it has moved from there
  const std::string instance = instance_of(dir);
  return Error{
      fmt::format("the server of {} has the name that one of {} would get: {} (the service {} and "
                  "the firewall rules of \"{}\")",
                  other, dir, instance, unit_of(dir), instance),
      "names follow from the first 20 letters of the folder's own name: choose another --dir"};
}

std::vector<Error> preflight_of(Draft& draft) {
  const ServerFacts* present = draft.present ? &*draft.present : nullptr;
  return preflight(draft.host,
                   {draft.plan.facts, present, draft.running.any(), draft.request.service});
}

}  // namespace

Result<UpPlan> plan_up(Host& host, const UpRequest& request, Certificates& pki) {
  auto journal = Journal::open(host, state_folder(request.dir), "up");
  if (!journal) return fail_with(journal.error());
  Draft draft{host, request, &pki};
  draft.running = running_server(host, request.dir, unit_of(request.dir));
  if (Status done = draft_configuration(draft); !done) return fail_with(done.error());
  if (Status done = draft_addresses6(draft); !done) return fail_with(done.error());
  draft.plan.instance = instance_of(request.dir);
  if (request.service) draft.plan.unit = unit_of(request.dir);
  draft.plan.errors = preflight_of(draft);
  if (!draft.plan.errors.empty() && !draft.running.any()) {
    // A start that a killed run has asked for may have been under way just now.
    draft.running = running_server(host, request.dir, unit_of(request.dir));
    if (draft.running.any()) draft.plan.errors = preflight_of(draft);
  }
  if (draft.running.pid && request.service) {
    draft.plan.errors.push_back(
        {fmt::format("a server of this folder runs in the foreground (pid {})", *draft.running.pid),
         "end it first: adit down; or let it read the changes: adit up --no-service"});
  }
  if (auto error = namesake(host, request.dir)) draft.plan.errors.push_back(std::move(*error));
  if (!draft.plan.errors.empty()) return std::move(draft.plan);
  wish_folders(draft);
  wish_certificates(draft);
  wish_first_profile(draft);
  if (Status done = draft.wish_text(draft.in_dir("server.conf"), draft.text); !done) {
    return fail_with(done.error());
  }
  if (Status done = wish_clients(draft, draft.clients); !done) return fail_with(done.error());
  wish_profiles(draft);
  note_missing_routes(draft);
  if (Status done = wish_firewall(draft, *journal); !done) return fail_with(done.error());
  wish_service(draft);
  if (Status done = wish_reload(draft, *journal); !done) return fail_with(done.error());
  draft.plan.errors = sysctl_obstacles(host, draft.plan.wishes);
  if (!draft.plan.errors.empty()) draft.plan.wishes.clear();
  return std::move(draft.plan);
}

Result<UpPlan> plan_edit(Host& host, const Edit& edit, const std::string& program) {
  auto journal = Journal::open(host, state_folder(edit.dir), "up");
  if (!journal) return fail_with(journal.error());
  UpRequest request{.dir = edit.dir};
  request.program = program;
  request.service = std::ranges::any_of(journal->records, [](const Record& record) {
    return record.thing.kind == Thing::Kind::unit;
  });
  Draft draft{host, request};
  draft.running = running_server(host, edit.dir, unit_of(edit.dir));
  draft.plan.instance = instance_of(edit.dir);
  if (request.service) draft.plan.unit = unit_of(edit.dir);
  if (Status done = draft_edit(draft, edit); !done) return fail_with(done.error());
  if (Status done = wish_clients(draft, edit.clients); !done) return fail_with(done.error());
  if (edit.conf) {
    if (Status done = draft.wish_text(draft.in_dir("server.conf"), draft.text); !done) {
      return fail_with(done.error());
    }
  }
  for (const Wish& other : edit.others) draft.wish(other);
  // A server that is not set up here has no rules either.
  if (journal->records.empty()) return std::move(draft.plan);
  if (Status done = wish_firewall(draft, *journal); !done) return fail_with(done.error());
  wish_service(draft);
  if (Status done = wish_reload(draft, *journal); !done) return fail_with(done.error());
  return std::move(draft.plan);
}

Status purge(Host& host, const std::string& dir) {
  // What joined networks have in the same folder is for "adit leave" to take back.
  for (const char* name : {"pki", "ccd", "clients", "server.conf", "ipp.txt", "status.log",
                           "state/up.json", "state/read.conf", "state/server.pid"}) {
    host.sweep(dir + "/" + name);
    if (Status removed = host.remove_tree(dir + "/" + name); !removed) return removed;
  }
  // Where something is mounted on them they stay.
  static_cast<void>(host.remove_folder(state_folder(dir)));
  static_cast<void>(host.remove_folder(dir));
  return {};
}

}  // namespace adit::setup
