#pragma once

#include <functional>
#include <map>
#include <set>

#include "setup/host.h"

namespace adit::setup {

// A machine in memory: files, sysctls, rules and services with behaviour. It can be killed: from
// the change with the given number on, nothing changes any more, as for a process that is gone.
class FakeHost final : public Host {
 public:
  FakeHost();

  // What lies there, without what is only adit's own state.
  struct Look {
    std::map<std::string, File> files;
    std::map<std::string, unsigned> folders;
    std::map<std::string, std::string> sysctls;
    std::map<std::string, std::string> rules;
    std::set<std::string> enabled, active;
    bool operator==(const Look&) const = default;
  };
  Look now;
  std::vector<HostAddress> links;
  std::vector<HostRoute> ways;
  std::map<std::pair<bool, std::uint16_t>, std::string> held_ports;
  std::optional<Error> no_tun, no_rules;
  std::set<std::string> read_only;  // sysctls
  firewall::Survey surveyed;
  static constexpr int main_process = 4711;  // of every service
  std::set<int> running;
  Result<options::ReloadReport> reloaded = options::ReloadReport{};  // what a server answers
  bool root = true, systemd = true, ipv6 = true;
  std::vector<std::string> ran;   // programs with their arguments, joined by blanks
  std::set<std::string> failing;  // commands, changes ("write PATH") that fail
  unsigned changes = 0;

  // Does it, killed at the change of this number; whether it came so far. Lives again afterwards.
  bool killed_at(unsigned change, const std::function<void()>& what);

  Result<std::optional<File>> read_file(const std::string& path) override;
  Status write_file(const std::string& path, const File& file) override;
  Status remove_file(const std::string& path) override;
  void sweep(const std::string& path) override;
  std::optional<unsigned> folder(const std::string& path) override;
  Status make_folder(const std::string& path, unsigned mode) override;
  Status remove_folder(const std::string& path) override;
  Status remove_tree(const std::string& path) override;
  std::vector<std::string> files_in(const std::string& folder) override;
  std::optional<std::string> read_sysctl(const std::string& name) override;
  bool can_write_sysctl(const std::string& name) override { return !read_only.contains(name); }
  Status write_sysctl(const std::string& name, const std::string& value) override;
  ProgramEnd run(const std::vector<std::string>& argv) override;
  Status load_rules(const std::string& ruleset) override;
  std::optional<Error> rules_obstacle() override { return no_rules; }
  bool has_rules(const std::string& owner) override;
  Status remove_rules(const std::string& owner) override;
  firewall::Survey survey(const firewall::Plan&) override { return surveyed; }
  bool runs_adit(int pid) override { return running.contains(pid); }
  void hang_up(int pid) override { ran.push_back("hang up " + std::to_string(pid)); }
  Result<options::ReloadReport> reload_server(int pid) override {
    ran.push_back("reload " + std::to_string(pid));
    return reloaded;
  }
  bool end(int pid) override {
    ran.push_back("end " + std::to_string(pid));
    return running.erase(pid) > 0;
  }
  bool is_root() override { return root; }
  bool has_systemd() override { return systemd; }
  std::optional<Error> tun_obstacle() override { return no_tun; }
  bool has_ipv6() override { return ipv6; }
  std::vector<HostAddress> addresses() override { return links; }
  std::vector<HostRoute> routes() override { return ways; }
  std::optional<ip::Address> outward_address() override;
  std::optional<std::string> port_holder(bool tcp, std::uint16_t port) override;

 private:
  [[nodiscard]] Status change(const std::string& what);
  ProgramEnd systemctl(const std::vector<std::string>& argv);
  [[nodiscard]] bool is_empty(const std::string& folder) const;

  struct Dead {};                   // thrown where the process would be gone
  std::optional<unsigned> dies_at;  // number of the change
};

}  // namespace adit::setup
