#include "app/bench_tunnel.h"

#include <array>
#include <csignal>
#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include <netlink/netlink.h>
#include <netlink/route/link/veth.h>

#include "app/bench_signals.h"
#include "app/command_words.h"
#include "base/json.h"
#include "bench/progress.h"
#include "bench/traffic.h"
#include "pki/authority.h"
#include "system/clock.h"
#include "system/kernel_error.h"
#include "system/netlink.h"
#include "system/random.h"
#include "system/store.h"

namespace adit::app {

namespace {

using namespace std::chrono_literals;

constexpr const char* near_outer = "192.0.2.1";
constexpr const char* far_outer = "192.0.2.2";
constexpr const char* far_inside = "10.8.0.1";
constexpr const char* outer_device = "outer";
constexpr auto until_it_stands = 20s;

// A private folder for keys, configurations and logs, gone with this object.
class Folder {
 public:
  static Result<Folder> make() {
    std::string path = std::filesystem::temp_directory_path() / "adit-bench-XXXXXX";
    if (mkdtemp(path.data()) == nullptr)
      return system::kernel_refused(errno, "cannot make " + path);
    return Folder(path);
  }
  explicit Folder(std::string path) : path_(std::move(path)) {}
  Folder(Folder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  Folder& operator=(Folder&&) = delete;
  ~Folder() { remove(); }
  // The tunnel needs it only until it stands.
  void remove() {
    std::error_code failed;
    if (!path_.empty()) std::filesystem::remove_all(path_, failed);
    path_.clear();
  }
  [[nodiscard]] std::string at(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

Status write_text(const std::string& path, const std::string& text) {
  return system::write_file_atomically(path, text, system::private_mode);
}

Status make_certificates(const Folder& folder) {
  system::SystemRng rng;
  const WallTime now = system::wall_now();
  pki::AuthorityRequest request;
  request.common_name = "adit bench";
  auto authority = pki::Authority::create(folder.at("pki"), request, rng, now);
  if (!authority) return fail_with(authority.error());
  for (const pki::Kind kind : {pki::Kind::server, pki::Kind::client}) {
    const auto name = pki::Name::parse(kind == pki::Kind::server ? "server" : "client");
    const auto issued = authority->issue({.kind = kind, .name = *name}, rng, now);
    if (!issued) return fail_with(issued.error());
  }
  return {};
}

std::string common_lines(const TunnelOrder& order, const Folder& folder, const char* name) {
  const std::string pki = folder.at("pki");
  const bool cbc = order.cipher.ends_with("CBC");
  return fmt::format(
      "dev tun\nproto {}\nca {}/ca.crt\ncert {}/issued/{}.crt\nkey {}/private/{}.key\n"
      "data-ciphers {}\nauth {}\nverb 1\n",
      order.proto == "tcp" ? (name == std::string("server") ? "tcp4-server" : "tcp4-client")
                           : "udp4",
      pki, pki, name, pki, name, order.cipher, cbc ? "SHA256" : "SHA1");
}

Status write_configurations(const TunnelOrder& order, const Folder& folder) {
  const std::string server =
      common_lines(order, folder, "server") + "local " + far_outer +
      "\nlport 1194\ndh none\ntopology subnet\nserver 10.8.0.0 255.255.255.0\nkeepalive 10 60\n";
  const std::string client = common_lines(order, folder, "client") + "client\nnobind\nremote " +
                             far_outer + " 1194\nremote-cert-tls server\n";
  if (Status done = write_text(folder.at("server.conf"), server); !done) return done;
  return write_text(folder.at("client.conf"), client);
}

// One end of the tunnel: this program once more.
class VpnProcess {
 public:
  // namespace_of: the process whose network it shares
  VpnProcess(const std::string& configuration, const std::string& log, pid_t namespace_of)
      : log_(log), pid_(fork()) {
    if (pid_ != 0) return;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setpgid(0, 0);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    const std::string network = fmt::format("/proc/{}/ns/net", namespace_of);
    const int fd = open(network.c_str(), O_RDONLY | O_CLOEXEC);
    const int out = open(log.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, system::private_mode);
    if (fd < 0 || out < 0 || setns(fd, CLONE_NEWNET) != 0) _exit(1);
    dup2(out, STDOUT_FILENO);
    dup2(out, STDERR_FILENO);
    execl("/proc/self/exe", "adit", "--config", configuration.c_str(), nullptr);
    _exit(1);
  }
  ~VpnProcess() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  VpnProcess(const VpnProcess&) = delete;
  VpnProcess& operator=(const VpnProcess&) = delete;

  [[nodiscard]] Status wait_until_up(const HeldSignals& signals) const {
    for (const Instant limit = system::monotonic_now() + until_it_stands;;) {
      std::ifstream file(log_);
      const std::string text(std::istreambuf_iterator<char>(file), {});
      if (text.find("Initialization Sequence Completed") != std::string::npos) return {};
      if (signals.came()) return fail("interrupted");
      const bool ended = waitpid(pid_, nullptr, WNOHANG) != 0;
      if (ended || system::monotonic_now() > limit) {
        return fail("the tunnel does not come up; its log:\n{}", text);
      }
      std::this_thread::sleep_for(20ms);
    }
  }
  // Of all its threads.
  [[nodiscard]] double cpu_seconds() const {
    double sum = 0;
    std::error_code gone;
    for (const auto& task :
         std::filesystem::directory_iterator(fmt::format("/proc/{}/task", pid_), gone)) {
      double nanoseconds = 0;
      std::ifstream(task.path() / "schedstat") >> nanoseconds;
      sum += nanoseconds / 1e9;
    }
    return sum;
  }

 private:
  std::string log_;
  pid_t pid_;
};

// The cable between this process's new namespace and the far end's.
Status lay_cable(const bench::FarEnd& far) {
  if (unshare(CLONE_NEWNET) != 0) {
    return system::kernel_refused(errno, "cannot make a network namespace", "run as root");
  }
  nl_sock* socket = nl_socket_alloc();
  const bool open = socket != nullptr && nl_connect(socket, NETLINK_ROUTE) == 0;
  const int made =
      open ? rtnl_link_veth_add(socket, outer_device, outer_device, far.pid()) : -NLE_FAILURE;
  nl_socket_free(socket);
  if (made != 0) return fail("cannot join two namespaces: {}", nl_geterror(made));
  auto network = system::Netlink::open();
  if (!network) return fail_with(network.error());
  for (const auto& [device, mtu] : {std::pair{"lo", 65536u}, std::pair{outer_device, 1500u}}) {
    if (Status up = (*network)->configure_link(device, mtu, {}); !up) return up;
  }
  return (*network)->add_address(outer_device, {*ip::Address::parse_v4(near_outer), 24, {}, {}});
}

struct Figure {
  std::string what, unit;
  double value;
};

// Takes one figure after the other, as long as nobody interrupts.
class Measuring {
 public:
  Measuring(const TunnelOrder& order, const HeldSignals& signals, const VpnProcess& near,
            const VpnProcess& far)
      : time_(of_seconds(order.seconds)), signals_(signals), near_(near), far_(far) {}

  Status all() {
    const bench::Traffic traffic(far_inside, far_outer);
    constexpr int pings = 200, loaded_pings = 100;
    Status done = flow("up", 0, [&] { return traffic.tcp_up(time_); });
    if (done) done = flow("down", 1, [&] { return traffic.tcp_down(time_); });
    for (const std::size_t size : {std::size_t{64}, std::size_t{1372}}) {
      if (!done || !go_on(2, "UDP packets")) return done;
      const auto rate = traffic.udp_up(size, time_ / 2);
      if (!rate) return fail_with(rate.error());
      add(fmt::format("UDP packets of {} bytes", size), "a second", *rate);
    }
    if (!done || !go_on(3, "round trips")) return done;
    done = trip("round trip, idle", traffic.round_trip(pings, 2ms));
    if (!done || !go_on(4, "round trips beside a flow")) return done;
    return trip("round trip beside a flow", traffic.round_trip_beside_flow(loaded_pings, 10ms));
  }
  [[nodiscard]] const std::vector<Figure>& figures() const { return figures_; }
  void clear() { progress_.clear(); }

 private:
  bool go_on(int step, std::string_view what) {
    constexpr double steps = 5;
    progress_.show(step / steps, what, system::monotonic_now());
    return !signals_.came();
  }
  void add(std::string what, std::string unit, double value) {
    figures_.push_back({std::move(what), std::move(unit), value});
  }
  template <typename Measure>
  Status flow(const std::string& way, int step, const Measure& measure) {
    if (!go_on(step, "one TCP flow, " + way)) return {};
    const double near = near_.cpu_seconds(), far = far_.cpu_seconds();
    const Instant begin = system::monotonic_now();
    const Result<double> rate = measure();
    if (!rate) return fail_with(rate.error());
    const double bytes = *rate * in_seconds(system::monotonic_now() - begin);
    add("one TCP flow, " + way, "Gbit/s", *rate * 8 / 1e9);
    add("  CPU of the client", "ns a byte", (near_.cpu_seconds() - near) * 1e9 / bytes);
    add("  CPU of the server", "ns a byte", (far_.cpu_seconds() - far) * 1e9 / bytes);
    return {};
  }
  Status trip(const std::string& what, const Result<Duration>& time) {
    if (!time) return fail_with(time.error());
    add(what, "us", std::chrono::duration<double, std::micro>(*time).count());
    return {};
  }

  Duration time_;
  const HeldSignals& signals_;
  const VpnProcess& near_;
  const VpnProcess& far_;
  bench::Progress progress_;
  std::vector<Figure> figures_;
};

void print_figures(const TunnelOrder& order, const std::vector<Figure>& figures) {
  if (order.json) {
    Json rows = Json::array();
    for (const Figure& figure : figures) {
      rows.push_back({{"unit", figure.unit}, {"value", figure.value}, {"what", figure.what}});
    }
    const Json document{{"cipher", order.cipher}, {"figures", rows}, {"proto", order.proto}};
    fmt::print("{}\n", document.dump(2));
    return;
  }
  fmt::print("{} over {}, both ends and the load on this machine\n\n", order.cipher, order.proto);
  for (const Figure& figure : figures) {
    const int digits = figure.value < 100 ? 2 : 0;
    fmt::print("{:<30}{:>12.{}f} {}\n", figure.what, figure.value, digits, figure.unit);
  }
}

int measure(const TunnelOrder& order, const HeldSignals& signals, Folder& folder,
            const bench::FarEnd& far) {
  const VpnProcess server(folder.at("server.conf"), folder.at("server.log"), far.pid());
  if (Status up = server.wait_until_up(signals); !up) return complain(up.error());
  const VpnProcess client(folder.at("client.conf"), folder.at("client.log"), getpid());
  if (Status up = client.wait_until_up(signals); !up) return complain(up.error());
  folder.remove();
  Measuring measuring(order, signals, client, server);
  const Status done = measuring.all();
  measuring.clear();
  if (!measuring.figures().empty()) print_figures(order, measuring.figures());
  if (!done) return complain(done.error());
  return signals.came() ? exit_failure : 0;
}

}  // namespace

int run_tunnel(const TunnelOrder& order) {
  const HeldSignals signals;
  auto folder = Folder::make();
  if (!folder) return complain(folder.error(), exit_no_answer);
  if (Status made = make_certificates(*folder); !made) {
    return complain(made.error(), exit_no_answer);
  }
  if (Status written = write_configurations(order, *folder); !written) {
    return complain(written.error(), exit_no_answer);
  }
  auto far = bench::FarEnd::start();
  if (!far) return complain({far.error().what, "run as root"}, exit_no_answer);
  if (Status laid = lay_cable(*far); !laid) return complain(laid.error(), exit_no_answer);
  if (Status opened = far->open(outer_device, far_outer); !opened) {
    return complain(opened.error(), exit_no_answer);
  }
  return measure(order, signals, *folder, *far);
}

}  // namespace adit::app
