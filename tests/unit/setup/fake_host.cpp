#include "tests/unit/setup/fake_host.h"

#include <algorithm>

#include "base/text.h"
#include "firewall/ruleset.h"

namespace adit::setup {

namespace {

std::string parent_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

// A ruleset names its owner in its chains; short ones of tests begin with "owner NAME".
std::string owner_of(const std::string& ruleset) {
  const auto words = split(ruleset.substr(0, ruleset.find('\n')), ' ');
  if (words.size() == 2 && words[0] == "owner") return std::string(words[1]);
  const std::string chain = "add chain inet adit ";
  const auto at = ruleset.find(chain);
  if (at == std::string::npos) return {};
  const auto name = at + chain.size();
  return firewall::owner_of_chain(ruleset.substr(name, ruleset.find_first_of(" \n", name) - name));
}

}  // namespace

FakeHost::FakeHost() {
  for (const char* path : {"/etc", "/etc/sysctl.d", "/etc/systemd", "/etc/systemd/system"}) {
    now.folders[path] = 0755;
  }
  now.sysctls = {{"net.ipv4.ip_forward", "0"},
                 {"net.ipv4.conf.all.rp_filter", "0"},
                 {"net.ipv4.conf.default.rp_filter", "0"},
                 {"net.ipv6.conf.all.forwarding", "0"},
                 {"net.ipv6.conf.eth0.accept_ra", "1"}};
  links = {{"eth0", *ip::Prefix::parse("203.0.113.0/24"), *ip::Address::parse("203.0.113.5")}};
  ways = {{*ip::Prefix::parse("0.0.0.0/0"), "eth0"}, {links[0].network, "eth0"}};
}

bool FakeHost::killed_at(unsigned change, const std::function<void()>& what) {
  changes = 0;
  dies_at = change;
  bool died = false;
  try {
    what();
  } catch (const Dead&) {
    died = true;
  }
  dies_at.reset();
  return died;
}

Status FakeHost::change(const std::string& what) {
  if (dies_at && changes >= *dies_at) throw Dead{};
  ++changes;
  if (failing.contains(what)) return fail("told to fail: {}", what);
  return {};
}

Result<std::optional<File>> FakeHost::read_file(const std::string& path) {
  const auto found = now.files.find(path);
  if (found == now.files.end()) return std::optional<File>{};
  return std::optional(found->second);
}

Status FakeHost::write_file(const std::string& path, const File& file) {
  if (!now.folders.contains(parent_of(path))) return fail("no folder for {}", path);
  // In two steps, as the disk does it.
  if (Status begun = change("begin " + path); !begun) return begun;
  now.files[path + ".adit-new"] = file;
  if (Status done = change("write " + path); !done) {
    now.files.erase(path + ".adit-new");
    return done;
  }
  now.files.erase(path + ".adit-new");
  now.files[path] = file;
  return {};
}

Status FakeHost::remove_file(const std::string& path) {
  if (!now.files.contains(path)) return {};
  if (Status done = change("remove " + path); !done) return done;
  now.files.erase(path);
  return {};
}

void FakeHost::sweep(const std::string& path) { now.files.erase(path + ".adit-new"); }

std::optional<unsigned> FakeHost::folder(const std::string& path) {
  const auto found = now.folders.find(path);
  return found == now.folders.end() ? std::nullopt : std::optional(found->second);
}

Status FakeHost::make_folder(const std::string& path, unsigned mode) {
  if (now.folders.contains(path) && now.folders[path] == mode) return {};
  if (Status done = change("folder " + path); !done) return done;
  for (std::string up = parent_of(path); !up.empty(); up = parent_of(up)) {
    now.folders.try_emplace(up, 0755);
  }
  now.folders[path] = mode;
  return {};
}

bool FakeHost::is_empty(const std::string& folder) const {
  const auto inside = [&](const auto& one) { return one.first.starts_with(folder + "/"); };
  return std::ranges::none_of(now.files, inside) && std::ranges::none_of(now.folders, inside);
}

Status FakeHost::remove_folder(const std::string& path) {
  if (!now.folders.contains(path) || !is_empty(path)) return {};
  if (Status done = change("remove " + path); !done) return done;
  now.folders.erase(path);
  return {};
}

Status FakeHost::remove_tree(const std::string& path) {
  const auto inside = [&](const auto& one) {
    return one.first == path || one.first.starts_with(path + "/");
  };
  std::erase_if(now.files, inside);
  std::erase_if(now.folders, inside);
  return {};
}

std::vector<std::string> FakeHost::files_in(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& [path, file] : now.files) {
    if (parent_of(path) == folder) names.push_back(path.substr(folder.size() + 1));
  }
  return names;
}

std::optional<std::string> FakeHost::read_sysctl(const std::string& name) {
  const auto found = now.sysctls.find(name);
  return found == now.sysctls.end() ? std::nullopt : std::optional(found->second);
}

Status FakeHost::write_sysctl(const std::string& name, const std::string& value) {
  if (Status done = change("sysctl " + name); !done) return done;
  now.sysctls[name] = value;
  return {};
}

ProgramEnd FakeHost::run(const std::vector<std::string>& argv) {
  const std::string line = join(argv, " ");
  if (failing.contains(line)) return {1, "told to fail"};
  if (argv.front() == "systemctl") return systemctl(argv);
  if (!change(line)) return {1, "told to fail"};
  ran.push_back(line);
  return {0, {}};
}

ProgramEnd FakeHost::systemctl(const std::vector<std::string>& argv) {
  if (!systemd) return {127, "no such program"};
  std::vector<std::string> words;
  std::ranges::copy_if(argv, std::back_inserter(words),
                       [](const std::string& word) { return word != "--quiet"; });
  const std::string& verb = words.at(1);
  if (verb == "is-enabled") return {now.enabled.contains(words.at(2)) ? 0 : 1, {}};
  if (verb == "is-active") {
    const bool active = now.active.contains(words.at(2));
    return {active ? 0 : 3, active ? "active\n" : "inactive\n"};
  }
  if (verb == "show") {
    return {0, now.active.contains(words.back()) ? std::to_string(main_process) + "\n" : "0\n"};
  }
  if (!change(join(words, " "))) return {1, "told to fail"};
  ran.push_back(join(words, " "));
  if (verb == "enable") now.enabled.insert(words.at(2));
  if (verb == "disable") now.enabled.erase(words.at(2));
  if (verb == "start") now.active.insert(words.at(2));
  if (verb == "stop") now.active.erase(words.at(2));
  return {0, {}};
}

Status FakeHost::load_rules(const std::string& ruleset) {
  if (Status done = change("rules " + owner_of(ruleset)); !done) return done;
  now.rules[owner_of(ruleset)] = ruleset;
  return {};
}

bool FakeHost::has_rules(const std::string& owner) { return now.rules.contains(owner); }

Status FakeHost::remove_rules(const std::string& owner) {
  if (!now.rules.contains(owner)) return {};
  if (Status done = change("no rules " + owner); !done) return done;
  now.rules.erase(owner);
  return {};
}

std::optional<ip::Address> FakeHost::outward_address() {
  return links.empty() ? std::nullopt : std::optional(links.front().address);
}

std::optional<std::string> FakeHost::port_holder(bool tcp, std::uint16_t port) {
  const auto found = held_ports.find({tcp, port});
  return found == held_ports.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace adit::setup
