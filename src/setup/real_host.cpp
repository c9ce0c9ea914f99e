#include <algorithm>
#include <arpa/inet.h>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

#include "base/text.h"
#include "firewall/load.h"
#include "firewall/nftables.h"
#include "setup/host.h"
#include "setup/real_files.h"
#include "system/fd.h"
#include "system/holders.h"
#include "system/netlink.h"
#include "system/process.h"
#include "system/status_socket.h"
#include "system/tun_device.h"

namespace adit::setup {

namespace {

constexpr int no_such_program = 127;
constexpr std::size_t most_output = 1u << 20;
constexpr const char* usual_path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

std::string search_path() {
  const char* path = std::getenv("PATH");
  return path == nullptr || *path == '\0' ? usual_path : std::string(path) + ":" + usual_path;
}

std::optional<std::string> find_program(const std::string& name) {
  if (name.find('/') != std::string::npos) return name;
  const std::string path = search_path();
  for (const std::string_view folder : split(path, ':')) {
    std::string candidate = std::string(folder) + "/" + name;
    if (access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return std::nullopt;
}

std::string sysctl_path(const std::string& name) {
  // A device's name may hold dots; then slashes stand between the parts.
  std::string path = name;
  if (path.find('/') == std::string::npos) std::ranges::replace(path, '.', '/');
  return "/proc/sys/" + path;
}

std::string text_of(const std::string& path) {
  auto file = disk::read(path);
  return file && *file ? std::move((*file)->text) : std::string{};
}

// Binding says it best: the kernel knows of every socket, in whatever namespace.
bool can_bind(int family, int type, std::uint16_t port) {
  const system::Fd fd(socket(family, type | SOCK_CLOEXEC, 0));
  if (!fd) return true;  // no such family here
  const int on = 1;
  if (type == SOCK_STREAM) setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (family == AF_INET6) setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  sockaddr_storage any{};
  any.ss_family = static_cast<sa_family_t>(family);
  // The port lies at the same place in both kinds of address.
  reinterpret_cast<sockaddr_in&>(any).sin_port = htons(port);
  const socklen_t size = family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
  return bind(fd.get(), reinterpret_cast<const sockaddr*>(&any), size) == 0 || errno != EADDRINUSE;
}

class RealHost final : public Host {
 public:
  Result<std::optional<File>> read_file(const std::string& path) override {
    return disk::read(path);
  }
  Status write_file(const std::string& path, const File& file) override {
    return disk::write(path, file);
  }
  Status remove_file(const std::string& path) override { return disk::remove(path); }
  void sweep(const std::string& path) override { disk::sweep(path); }
  std::optional<unsigned> folder(const std::string& path) override { return disk::folder(path); }
  Status make_folder(const std::string& path, unsigned mode) override {
    return disk::make_folder(path, mode);
  }
  Status remove_folder(const std::string& path) override { return disk::remove_folder(path); }
  Status remove_tree(const std::string& path) override { return disk::remove_tree(path); }
  std::vector<std::string> files_in(const std::string& folder) override {
    return disk::files_in(folder);
  }

  std::optional<std::string> read_sysctl(const std::string& name) override {
    const std::string text = text_of(sysctl_path(name));
    if (text.empty()) return std::nullopt;
    return std::string(trim(text));
  }
  bool can_write_sysctl(const std::string& name) override {
    return access(sysctl_path(name).c_str(), W_OK) == 0;
  }
  Status write_sysctl(const std::string& name, const std::string& value) override;

  ProgramEnd run(const std::vector<std::string>& argv) override;

  Status load_rules(const std::string& ruleset) override;
  std::optional<Error> rules_obstacle() override {
    const auto owners = firewall::owners();
    return owners ? std::nullopt : std::optional(owners.error());
  }
  bool has_rules(const std::string& owner) override;
  Status remove_rules(const std::string& owner) override;
  firewall::Survey survey(const firewall::Plan& plan) override;

  bool runs_adit(int pid) override;
  void hang_up(int pid) override { kill(pid, SIGHUP); }
  Result<options::ReloadReport> reload_server(int pid) override {
    const auto answer =
        system::request_of_instance(system::status_folder(), pid, options::reload_request(false));
    if (!answer) return fail_with(answer.error());
    return options::parse_report(*answer);
  }
  bool end(int pid) override;

  bool is_root() override { return geteuid() == 0; }
  bool has_systemd() override { return access("/run/systemd/system", F_OK) == 0; }
  std::optional<Error> tun_obstacle() override {
    const auto device = system::TunDevice::open("tun");
    return device ? std::nullopt : std::optional(device.error());
  }
  bool has_ipv6() override {
    return read_sysctl("net.ipv6.conf.all.disable_ipv6").value_or("1") == "0";
  }
  std::vector<HostAddress> addresses() override;
  std::vector<HostRoute> routes() override;
  std::optional<ip::Address> outward_address() override;
  std::optional<std::string> port_holder(bool tcp, std::uint16_t port) override;
};

Status RealHost::write_sysctl(const std::string& name, const std::string& value) {
  const std::string path = sysctl_path(name);
  const std::unique_ptr<FILE, int (*)(FILE*)> file(fopen(path.c_str(), "we"), fclose);
  if (file && fputs((value + "\n").c_str(), file.get()) >= 0 && fflush(file.get()) == 0) return {};
  const int error = errno;
  return fail_with({fmt::format("cannot set {} = {}: {}", name, value, std::strerror(error)),
                    error == EROFS || error == EACCES
                        ? "a container gets it from outside, such as with docker run --sysctl " +
                              name + "=" + value
                        : ""});
}

ProgramEnd RealHost::run(const std::vector<std::string>& argv) {
  const auto program = find_program(argv.front());
  if (!program) return {no_such_program, argv.front() + ": no such program"};
  ports::Command command{argv, {{"PATH", search_path()}, {"LC_ALL", "C"}}};
  command.argv.front() = *program;
  auto output = system::run_and_capture(command, most_output, system::Captured::with_complaints);
  if (!output) return {no_such_program, output.error().text()};
  return {output->status, std::move(output->text)};
}

Status RealHost::load_rules(const std::string& ruleset) { return firewall::apply_ruleset(ruleset); }

bool RealHost::has_rules(const std::string& owner) {
  const auto owners = firewall::owners();
  return owners && std::ranges::find(*owners, owner) != owners->end();
}

Status RealHost::remove_rules(const std::string& owner) {
  // Where the kernel has no rules at all, there are none of ours.
  return has_rules(owner) ? firewall::unload(owner) : Status{};
}

firewall::Survey RealHost::survey(const firewall::Plan& plan) {
  firewall::HostTools tools;
  return firewall::survey(plan, firewall::look(tools));
}

bool RealHost::runs_adit(int pid) {
  std::error_code gone;
  const auto ours = std::filesystem::read_symlink("/proc/self/exe", gone).filename().native();
  auto theirs = std::filesystem::read_symlink(fmt::format("/proc/{}/exe", pid), gone).filename();
  // A binary replaced by an upgrade is still the program that runs.
  const std::string name = theirs.native().substr(0, theirs.native().find(" (deleted)"));
  return !gone && name == ours;
}

bool RealHost::end(int pid) {
  constexpr int most_rests = 100;
  constexpr auto rest = std::chrono::milliseconds(100);
  kill(pid, SIGTERM);
  for (int i = 0; i < most_rests && runs_adit(pid); ++i) std::this_thread::sleep_for(rest);
  return !runs_adit(pid);
}

std::vector<HostAddress> RealHost::addresses() {
  std::vector<HostAddress> found;
  auto netlink = system::Netlink::open();
  if (!netlink) return found;
  for (const ports::LocalNetwork& one : (*netlink)->local_networks()) {
    found.push_back({one.device, ip::Prefix::of(one.address, one.prefix_length), one.address});
  }
  return found;
}

std::vector<HostRoute> RealHost::routes() {
  return system::parse_routes(text_of("/proc/net/route"), text_of("/proc/net/ipv6_route"));
}

std::optional<ip::Address> RealHost::outward_address() {
  auto netlink = system::Netlink::open();
  if (!netlink) return std::nullopt;
  // Addresses for documentation: nobody has them, so the way there is the way to the world.
  for (const char* somewhere : {"192.0.2.1", "2001:db8::1"}) {
    const auto path = (*netlink)->path_to(*ip::Address::parse(somewhere));
    if (path && path->source && !path->source->is_link_local()) return path->source;
  }
  for (const ports::LocalNetwork& one : (*netlink)->local_networks()) {
    if (one.device != "lo" && !one.address.is_link_local()) return one.address;
  }
  return std::nullopt;
}

std::optional<std::string> RealHost::port_holder(bool tcp, std::uint16_t port) {
  const int type = tcp ? SOCK_STREAM : SOCK_DGRAM;
  if (can_bind(AF_INET, type, port) && can_bind(AF_INET6, type, port)) return std::nullopt;
  const auto holder =
      system::holder_of_port(tcp ? system::Transport::tcp : system::Transport::udp, port);
  return holder.value_or("another program");
}

}  // namespace

std::unique_ptr<Host> real_host() { return std::make_unique<RealHost>(); }

}  // namespace adit::setup
