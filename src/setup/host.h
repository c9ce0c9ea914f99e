#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "firewall/survey.h"
#include "ip/address.h"
#include "options/reload_report.h"
#include "setup/thing.h"
#include "system/kernel_routes.h"

namespace adit::setup {

struct File {
  std::string text;
  unsigned mode = 0644;
  std::optional<Owner> owner{};  // nothing, where it is written: whoever writes it
  bool operator==(const File&) const = default;
};

struct ProgramEnd {
  int status = 0;    // 128 + signal when killed; 127: there is no such program
  std::string text;  // what it wrote, both outputs together
};

struct HostAddress {
  std::string device;
  ip::Prefix network;  // what is on the link
  ip::Address address;
};

using HostRoute = system::KernelRoute;

// The machine that is set up. Calls block; nothing here is called while packets move.
class Host {
 public:
  virtual ~Host() = default;

  // Nothing: there is no such file.
  [[nodiscard]] virtual Result<std::optional<File>> read_file(const std::string& path) = 0;
  // Whole or not at all, even when the process is killed, but where something is mounted on the
  // file itself. The folder must exist.
  [[nodiscard]] virtual Status write_file(const std::string& path, const File& file) = 0;
  [[nodiscard]] virtual Status remove_file(const std::string& path) = 0;
  // Removes what an interrupted write_file() left beside the path.
  virtual void sweep(const std::string& path) = 0;
  // Its mode, or nothing where there is no such folder.
  [[nodiscard]] virtual std::optional<unsigned> folder(const std::string& path) = 0;
  [[nodiscard]] virtual Status make_folder(const std::string& path, unsigned mode) = 0;
  // An empty one; one that has something in it stays, and that is no error.
  [[nodiscard]] virtual Status remove_folder(const std::string& path) = 0;
  // With all that is in it.
  [[nodiscard]] virtual Status remove_tree(const std::string& path) = 0;
  // Names of the plain files in a folder, sorted.
  [[nodiscard]] virtual std::vector<std::string> files_in(const std::string& folder) = 0;

  // "net.ipv4.ip_forward". Nothing: this kernel does not have it.
  [[nodiscard]] virtual std::optional<std::string> read_sysctl(const std::string& name) = 0;
  [[nodiscard]] virtual bool can_write_sysctl(const std::string& name) = 0;
  [[nodiscard]] virtual Status write_sysctl(const std::string& name, const std::string& value) = 0;

  // Runs argv[0] as found in the PATH, nothing on its standard input.
  [[nodiscard]] virtual ProgramEnd run(const std::vector<std::string>& argv) = 0;

  // The packet filter: one transaction in the language of nft.
  [[nodiscard]] virtual Status load_rules(const std::string& ruleset) = 0;
  // Nothing when rules can be loaded, otherwise why not and what helps.
  [[nodiscard]] virtual std::optional<Error> rules_obstacle() = 0;
  [[nodiscard]] virtual bool has_rules(const std::string& owner) = 0;
  [[nodiscard]] virtual Status remove_rules(const std::string& owner) = 0;
  // What other packet filters here make of a plan.
  [[nodiscard]] virtual firewall::Survey survey(const firewall::Plan& plan) = 0;

  // Whether the process runs adit; a number that came to another program does not count.
  [[nodiscard]] virtual bool runs_adit(int pid) = 0;
  virtual void hang_up(int pid) = 0;  // SIGHUP: read the configuration again and begin anew
  // Has a server take up its configuration without dropping anybody.
  [[nodiscard]] virtual Result<options::ReloadReport> reload_server(int pid) = 0;
  // SIGTERM, and waits until it is gone; false: it is still there.
  [[nodiscard]] virtual bool end(int pid) = 0;

  [[nodiscard]] virtual bool is_root() = 0;
  [[nodiscard]] virtual bool has_systemd() = 0;
  // Nothing when a tun device can be made, otherwise why not and what helps.
  [[nodiscard]] virtual std::optional<Error> tun_obstacle() = 0;
  [[nodiscard]] virtual bool has_ipv6() = 0;
  [[nodiscard]] virtual std::vector<HostAddress> addresses() = 0;
  [[nodiscard]] virtual std::vector<HostRoute> routes() = 0;
  // The address this host shows to the world, as far as it can be seen from here.
  [[nodiscard]] virtual std::optional<ip::Address> outward_address() = 0;
  // Nothing when the port is free, otherwise who holds it ("openvpn (pid 123)").
  [[nodiscard]] virtual std::optional<std::string> port_holder(bool tcp, std::uint16_t port) = 0;
};

// This machine. Needs root for most of it.
[[nodiscard]] std::unique_ptr<Host> real_host();

}  // namespace adit::setup
