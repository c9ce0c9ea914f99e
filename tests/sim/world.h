#pragma once

// Whole nodes on a simulated network with a virtual clock. A world is made of a seed; the same seed
// is the same run, to the bit.

#include <algorithm>
#include <memory>
#include <unordered_set>

#include "node/client.h"
#include "node/server.h"
#include "tests/sim/fakes.h"
#include "tests/sim/toy_tls.h"
#include "tests/sim/wire.h"
#include "tests/sim/wrap.h"

namespace adit::sim {

using namespace std::chrono_literals;

// Of what a program or a plugin is given; empty: not that.
template <typename Told>
std::string variable(const Told& told, std::string_view name) {
  const auto found =
      std::ranges::find_if(told.variables, [&](const auto& one) { return one.first == name; });
  return found == told.variables.end() ? std::string() : found->second;
}

// What both ends of a scenario agree on.
struct Terms {
  Wrap wrap = Wrap::plain;
  std::string cipher = "AES-256-GCM";
  std::string auth = "SHA1";
  bool epoch = true;
  bool key_export = true;
  Duration reneg = 120s;
  Duration tran_window = 60s;
  options::Topology topology = options::Topology::subnet;
  unsigned exit_notify = 0;
  bool log_in = false;  // clients have a user name and a password
};

// Watches everything that happens for what must never happen.
class Invariants {
 public:
  // A sender put a data packet on the wire, sealed with this key.
  void sealed(const std::string& sender, Bytes key_material, Bytes packet);
  void inside_sent(Bytes packet);
  void inside_received(const std::string& receiver, Bytes packet);
  void restless(const std::string& what) { violations_.push_back(what); }
  void deadline_of(const std::string& who, const session::Association& association);
  [[nodiscard]] const std::vector<std::string>& violations() const { return violations_; }

 private:
  std::unordered_set<std::string> nonces_;
  std::unordered_set<std::string> sent_;
  std::unordered_set<std::string> received_;
  std::vector<std::string> violations_;
};

class World;

// One end: a data plane with its lanes, turned by the world.
class Host {
 public:
  Host(World& world, std::string name, const ip::Endpoint& at);
  virtual ~Host() = default;

  virtual void turn() = 0;
  [[nodiscard]] virtual Instant deadline() const = 0;
  virtual void arrive(const Wire::Flight& flight);

  void send_inside(const ip::Address& from, const ip::Address& to);
  // Data packets with any payload, as a peer that does as it likes would send.
  void say_inside(plane::PeerIndex to, Bytes payload) { plane_->send_payload(to, payload); }
  [[nodiscard]] std::size_t received() const { return received_; }
  [[nodiscard]] DropCounters drops() const { return plane_->drops(); }
  void move_to(const ip::Endpoint& at) { at_ = at; }  // behind another NAT binding
  [[nodiscard]] const ip::Endpoint& at() const { return at_; }
  [[nodiscard]] const std::string& name() const { return name_; }
  MemoryLog& log() { return log_; }
  MemoryStore& store() { return store_; }
  MemoryProcesses& processes() { return processes_; }
  plane::DataPlane& plane() { return *plane_; }
  MemoryNetwork& network() { return network_; }

 protected:
  // The key a data packet about to leave was sealed with; empty when unknown.
  [[nodiscard]] virtual Buffer key_of(Bytes packet) = 0;
  void make_plane(const plane::PlaneSetup& setup);
  void turn_lanes();
  bool took_icmp(Bytes packet);
  void send(Bytes datagram, const ports::LinkAddress& to);

  World& world_;
  std::string name_;
  ip::Endpoint at_;
  MemoryLog log_;
  MemoryTun tun_;
  MemoryLink link_;
  MemoryDevice device_;
  MemoryNetwork network_;
  MemoryStore store_;
  MemoryProcesses processes_;  // what waits for their end may still remove files
  MemoryPlugins plugins_;
  SilentBell bell_;
  std::unique_ptr<plane::DataPlane> plane_;
  std::size_t received_ = 0;
};

class ServerHost final : public Host {
 public:
  ServerHost(World& world, const ip::Endpoint& at);

  void turn() override;
  Instant deadline() const override;

  void crash();                      // and start again, knowing nothing
  void hand_over(unsigned id_leap);  // and go on in a new process
  // A file of client-config-dir, for clients that connect from now on.
  void give_file(const std::string& client, const std::string& text);
  // It starts again with this text as its configuration.
  void configure(const std::string& text);
  // It takes up another text while its clients stay.
  void reconfigure(const std::string& text);
  // It starts again, and a manager and a script with this exit status decide about clients.
  void let_manager_decide(int script_status);
  // It starts again with these scripts, which exit as answer says.
  void use_scripts(const options::Scripts& scripts,
                   std::function<int(const ports::Command&)> answer);
  // It starts again with plugins.
  MemoryPlugins& use_plugins(std::set<ports::PluginEvent> wanted);
  MemoryStore& store() { return store_; }
  // The name's certificate is revoked from now on.
  void revoke(const std::string& client, unsigned serial = 1);
  node::Server& server() { return *server_; }
  [[nodiscard]] std::size_t renegotiations() const;

 private:
  Buffer key_of(Bytes packet) override;
  void start();
  [[nodiscard]] node::ServerSetup setup_of(const std::string& text);

  ToyTlsFactory tls_;
  std::optional<crypto::AuthTokenKey> random_token_key_;
  node::ServerSetup setup_;
  std::unique_ptr<node::Server> server_;
};

class ClientHost final : public Host {
 public:
  ClientHost(World& world, std::string name, const ip::Endpoint& at, const ip::Endpoint& server);

  void turn() override;
  Instant deadline() const override;
  void arrive(const Wire::Flight& flight) override;

  void crash();  // and start again
  [[nodiscard]] const char* why() const;
  void leave();                               // for good, with a goodbye if agreed
  void add_garbage() { tls_.add_garbage(); }  // behind every record of its TLS
  void renew_certificate() { tls_.renew(); }
  void log_in_as(const std::string& username) { memory_.credentials.username = username; }
  [[nodiscard]] bool up() const { return client_ && client_->up(); }
  [[nodiscard]] std::optional<ip::Address> tunnel_address() const;
  [[nodiscard]] std::uint8_t key_id();
  [[nodiscard]] int attempts() const { return attempts_; }
  // How the last attempt ended, if one has.
  [[nodiscard]] const std::optional<node::Outcome>& ended() const { return ended_; }
  node::Client& client() { return *client_; }
  MemoryPlugins& plugins() { return plugins_; }

 private:
  Buffer key_of(Bytes packet) override;
  void start();
  void say_goodbye();

  ToyTlsFactory tls_;
  ip::Endpoint server_;
  node::ClientSetup setup_;
  node::ClientMemory memory_;
  std::unique_ptr<node::Hooks> hooks_;
  std::unique_ptr<node::Tunnel> tunnel_;
  std::unique_ptr<node::Client> client_;
  Instant start_at_ = Instant::min();
  int attempts_ = 0;
  std::optional<node::Outcome> ended_;
  bool left_ = false;
};

class World {
 public:
  World(std::uint64_t seed, const Terms& terms);

  ServerHost& add_server();
  ClientHost& add_client();

  // Goes on until the condition holds; false: the time was up first.
  bool run_until(const std::function<bool()>& condition, Duration limit);
  void run_for(Duration duration) {
    run_until([] { return false; }, duration);
  }
  // Every client exchanges a packet with the server each interval; 0 stops it.
  void traffic_every(Duration interval) { traffic_ = interval; }

  [[nodiscard]] Instant now() const { return now_; }
  [[nodiscard]] WallTime wall() const { return {1795342000 + whole_seconds(now_)}; }
  SeededRng& rng() { return rng_; }
  Wire& wire() { return wire_; }
  Invariants& invariants() { return invariants_; }
  [[nodiscard]] const Terms& terms() const { return terms_; }
  ServerHost& server() { return *server_; }
  std::vector<std::unique_ptr<ClientHost>>& clients() { return clients_; }

  // The keys of the scenario.
  crypto::StaticKey static_key;
  crypto::TlsCryptV2ServerKey v2_key;

 private:
  void step(Instant limit);
  void settle();
  void make_traffic();

  Terms terms_;
  SeededRng rng_;
  Wire wire_;
  Invariants invariants_;
  Instant now_{1h};
  Duration traffic_{};
  std::uint64_t steps_ = 0;
  Instant next_traffic_ = Instant::max();
  std::unique_ptr<ServerHost> server_;
  std::vector<std::unique_ptr<ClientHost>> clients_;
};

}  // namespace adit::sim
