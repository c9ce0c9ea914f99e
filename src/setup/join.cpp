#include "setup/join.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "base/text.h"
#include "options/parser.h"
#include "setup/conf_text.h"
#include "setup/firewall_wishes.h"
#include "setup/own_files.h"
#include "setup/preflight.h"
#include "setup/server_facts.h"
#include "setup/unit_file.h"
#include "setup/up.h"

namespace adit::setup {

namespace {

constexpr unsigned open_folder = 0755;
constexpr const char* usual_dir = "/etc/adit";
constexpr const char* ending = ".ovpn";
constexpr std::size_t longest_name = 48;

// What a joined profile says beside OpenVPN's own words.
struct JoinFacts {
  std::string device = "tun";
  std::vector<ip::Prefix> lans, far;
  std::vector<firewall::Map> maps;
  bool is_site = false;  // the server knows the way back
  bool snat = true;
  bool firewall = true;
};

Result<JoinFacts> facts_of_profile(const std::string& text, const std::string& source) {
  const auto read = options::load_text(text, source);
  if (!read) return fail_with(read.error());
  const options::Config& config = *read;
  if (config.remotes.list.empty()) {
    return fail_with({source + " is no client's profile", "it needs \"client\" and \"remote\""});
  }
  JoinFacts facts;
  if (!config.device.name.empty()) facts.device = config.device.name;
  facts.lans = prefixes_in(variable(config, lan_variable));
  facts.far = prefixes_in(variable(config, far_variable));
  for (const NamedMap& named : maps_of(config)) facts.maps.push_back(named.map);
  const std::string nat = variable(config, nat_variable);
  facts.is_site = !facts.lans.empty() && nat.empty();
  facts.snat = nat.empty() ? !facts.is_site : nat == "snat";
  facts.firewall = variable(config, firewall_variable) != "none";
  return facts;
}

std::optional<firewall::Plan> rules_of_join(const JoinFacts& facts, const std::string& name) {
  if (facts.lans.empty() && facts.maps.empty()) return std::nullopt;
  firewall::Plan plan;
  plan.owner = join_owner(name);
  plan.device = facts.device;
  plan.lans = facts.lans;
  plan.far = facts.far;
  plan.maps = facts.maps;
  plan.snat = facts.snat && facts.maps.empty();
  return plan;
}

class Joining {
 public:
  Joining(Host& host, const JoinRequest& request, const Journal& journal)
      : host_(host), request_(request), journal_(journal) {}

  Result<JoinPlan> run() {
    const std::string source = request_.name + ending;
    auto facts = facts_of_profile(request_.profile, source);
    if (!facts) return fail_with(facts.error());
    facts_ = std::move(*facts);
    take_wishes();
    plan_.file = joined_file(request_.dir, request_.name);
    plan_.rules = rules_of_join(facts_, request_.name);
    if (request_.service) {
      plan_.unit = unit_name(UnitFile::Kind::client, instance());
    }
    demand();
    if (!plan_.errors.empty()) return std::move(plan_);
    wish_files();
    if (Status done = wish_rules(); !done) return fail_with(done.error());
    wish_service();
    return std::move(plan_);
  }

 private:
  // What was said on the command line counts more than what the profile says.
  void take_wishes() {
    if (request_.lans) {
      const bool same = *request_.lans == facts_.lans;
      facts_.lans = *request_.lans;
      if (!same) facts_.is_site = false;
      facts_.snat = !facts_.is_site;
    }
    if (request_.snat) facts_.snat = *request_.snat;
    if (request_.far) {
      facts_.far = *request_.far;
    } else if (facts_.far.empty()) {
      facts_.far = known_far();
    }
    facts_.firewall = request_.firewall;
  }

  // As the server told when this host joined.
  [[nodiscard]] std::vector<ip::Prefix> known_far() {
    const std::string path = joined_file(request_.dir, request_.name);
    const auto file = host_.read_file(path);
    if (!file || !*file) return {};
    const auto facts = facts_of_profile((*file)->text, path);
    return facts ? facts->far : std::vector<ip::Prefix>{};
  }

  [[nodiscard]] std::string instance() const {
    if (request_.dir == usual_dir) return request_.name;
    return request_.name + "-" + request_.dir.substr(request_.dir.rfind('/') + 1);
  }

  void demand() {
    const auto refuse = [&](std::string what, std::string advice) {
      plan_.errors.push_back({std::move(what), std::move(advice)});
    };
    if (!host_.is_root()) refuse("this needs root", "give the command again with sudo");
    if (request_.service && !host_.has_systemd()) {
      refuse("this host has no systemd to run the client",
             "stay in the foreground: adit join --no-service");
    }
    if (auto obstacle = host_.tun_obstacle()) plan_.errors.push_back(*obstacle);
    for (const std::string& file : request_.staying) {
      plan_.notes.push_back("stays where it is, and is needed there: " + file);
    }
    if (facts_.maps.empty()) demand_no_overlap();
    for (const ip::Prefix& lan : facts_.lans) look_for(lan);
    if (plan_.rules && facts_.snat && facts_.far.empty()) {
      plan_.notes.emplace_back(
          "the server did not answer, so it is not known which networks are behind it: give the "
          "command again when it does");
    }
  }

  // A network of the far side that this host lies in itself would cut it off from its own.
  void demand_no_overlap() {
    for (const HostAddress& own : host_.addresses()) {
      if (own.device == "lo" || own.device.starts_with("tun") || own.device == facts_.device) {
        continue;
      }
      for (const ip::Prefix& far : facts_.far) {
        if (far.length < own.network.length || !own.network.contains(far.address)) continue;
        plan_.errors.push_back(
            {fmt::format("the far side offers {}, and this host lies in {} itself ({})", far.text(),
                         own.network.text(), own.device),
             "have one of the two shown under other addresses: on the server, adit site add NAME "
             "--lan " +
                 own.network.text() + " --map CIDR"});
        return;
      }
    }
  }

  void look_for(const ip::Prefix& lan) {
    const auto addresses = host_.addresses();
    const bool here = std::ranges::any_of(addresses, [&](const HostAddress& one) {
      return one.network.overlaps(lan) || lan.contains(one.address);
    });
    if (!here) {
      plan_.notes.push_back("this host has no address in " + lan.text() +
                            "; it must reach it by a route");
    }
  }

  [[nodiscard]] std::string text() const {
    ConfText conf(request_.profile);
    const bool gateway = plan_.rules.has_value();
    set_variable(conf, lan_variable, texts(facts_.lans));
    set_variable(conf, nat_variable, !gateway ? "" : facts_.snat ? "snat" : "route");
    set_variable(conf, far_variable, gateway ? texts(facts_.far) : "");
    set_variable(conf, firewall_variable, gateway && !facts_.firewall ? "none" : "");
    return conf.text();
  }

  void wish(Wish one) { plan_.wishes.emplace_back(std::move(one)); }

  void wish_files() {
    if (!host_.folder(request_.dir)) {
      wish({{Thing::Kind::folder, request_.dir}, folder_state(open_folder)});
    }
    const std::string folder = request_.dir + "/joined";
    const bool ours = std::ranges::any_of(journal_.records, [&](const Record& record) {
      return record.thing.is({Thing::Kind::folder, folder});
    });
    if (ours || !host_.folder(folder)) {
      wish({{Thing::Kind::folder, folder}, folder_state(private_folder)});
    }
    Wish profile = wish_file(plan_.file, text(), private_file);
    profile.secret = true;
    wish(std::move(profile));
  }

  Status wish_rules() {
    if (!plan_.rules) return {};
    Wishes sysctls = sysctl_wishes(host_, *plan_.rules, "adit join", "adit leave");
    std::ranges::move(sysctls, std::back_inserter(plan_.wishes));
    if (!facts_.firewall) {
      plan_.notes.emplace_back("no firewall rules are set (--no-firewall)");
      return {};
    }
    auto rules = rule_wishes(host_, *plan_.rules, journal_);
    if (!rules) return fail_with(rules.error());
    std::ranges::move(rules->wishes, std::back_inserter(plan_.wishes));
    std::ranges::move(rules->notes, std::back_inserter(plan_.notes));
    return {};
  }

  void wish_service() {
    if (!request_.service) return;
    UnitFile file{.kind = UnitFile::Kind::client, .program = request_.program};
    file.dir = request_.dir;
    file.name = request_.name;
    file.firewall = plan_.rules && facts_.firewall;
    std::ranges::move(service_wishes(host_, file, plan_.unit), std::back_inserter(plan_.wishes));
  }

  Host& host_;
  const JoinRequest& request_;
  const Journal& journal_;
  JoinFacts facts_;
  JoinPlan plan_;
};

}  // namespace

Result<JoinPlan> plan_join(Host& host, const JoinRequest& request, const Journal& journal) {
  return Joining(host, request, journal).run();
}

Result<std::string> join_name(const std::string& file) {
  std::string name = file.substr(file.rfind('/') + 1);
  if (const auto dot = name.rfind('.'); dot != std::string::npos && dot > 0) name.resize(dot);
  const bool plain = std::ranges::all_of(name, [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_' || c == '.';
  });
  if (plain && !name.empty() && name.size() <= longest_name && name.front() != '.') return name;
  return fail_with(
      {fmt::format("\"{}\" cannot be the name of a joined network", printable(name)),
       "give it one with --name: letters, digits, '-', '_' and '.', for example --name office"});
}

std::string joined_file(const std::string& dir, const std::string& name) {
  return dir + "/joined/" + name + ending;
}

std::string join_owner(const std::string& name) { return "join-" + name; }

std::string join_pid_file(const std::string& dir, const std::string& name) {
  return state_folder(dir) + "/" + join_owner(name) + ".pid";
}

std::vector<std::string> joined_names(Host& host, const std::string& dir) {
  constexpr std::string_view front = "join-", back = ".json";
  std::vector<std::string> names;
  for (const std::string& file : host.files_in(state_folder(dir))) {
    if (!file.starts_with(front) || !file.ends_with(back)) continue;
    names.push_back(file.substr(front.size(), file.size() - front.size() - back.size()));
  }
  return names;
}

Result<std::optional<firewall::Plan>> read_join_plan(Host& host, const std::string& dir,
                                                     const std::string& name) {
  const std::string path = joined_file(dir, name);
  const auto file = host.read_file(path);
  if (!file) return fail_with(file.error());
  if (!*file) {
    return fail_with({"there is no " + path, "\"adit join FILE.ovpn\" makes it"});
  }
  const auto facts = facts_of_profile((*file)->text, path);
  if (!facts) return fail_with(facts.error());
  if (!facts->firewall) return std::optional<firewall::Plan>{};
  return rules_of_join(*facts, name);
}

}  // namespace adit::setup
