// Many clients in one process, for measuring a server: each makes a whole handshake up to the
// PUSH_REPLY over a UDP socket of its own, then keeps its session alive and moves no data.
//
//   bench_clients CONFIG COUNT      CONFIG: a client's configuration with one remote
//
// Prints "up N" when all are connected, "failed ..." if one is not; ends with its standard input.

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <poll.h>
#include <string_view>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

#include <fmt/core.h>

#include "node/identity_setup.h"
#include "node/make_setup.h"
#include "options/parser.h"
#include "system/clock.h"
#include "system/random.h"
#include "system/store.h"

namespace {

using namespace adit;
using namespace std::chrono_literals;

constexpr int most_at_once = 16;  // handshakes under way
constexpr auto give_up_after = 60s;

class BenchClient {
 public:
  BenchClient(const node::ClientSetup& setup, Rng& rng, const sockaddr_in& server, Instant now)
      : socket_(socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0)) {
    if (socket_ < 0 ||
        connect(socket_, reinterpret_cast<const sockaddr*>(&server), sizeof server) != 0) {
      std::perror("bench_clients: socket");
      std::exit(1);
    }
    session::Opening opening;
    opening.own = wire::SessionId::random(rng);
    opening.reset = wire::Opcode::hard_reset_client_v2;
    opening.stamp_time = system::wall_now();
    session_ = std::make_unique<session::Session>(setup.session, setup.wrapping.client_protection(),
                                                  opening, now);
    send_all(now);
  }
  ~BenchClient() { close(socket_); }
  BenchClient(const BenchClient&) = delete;
  BenchClient& operator=(const BenchClient&) = delete;

  void turn(Instant now) {
    std::array<std::uint8_t, 4096> room;
    for (;;) {
      const ssize_t size = recv(socket_, room.data(), room.size(), 0);
      if (size <= 0) break;
      static_cast<void>(
          session_->receive(MutableBytes(room).first(static_cast<std::size_t>(size)), now));
    }
    session_->tick(now);
    take_events(now);
    send_all(now);
  }
  [[nodiscard]] int socket_number() const { return socket_; }
  [[nodiscard]] bool up() const { return up_; }
  [[nodiscard]] bool failed() const { return failed_; }

 private:
  void take_events(Instant now) {
    while (auto event = session_->event()) {
      if (const auto* wanted = std::get_if<session::AuthWanted>(&*event)) {
        session_->admit(wanted->key_id, now);
      } else if (std::holds_alternative<session::Pushed>(*event)) {
        session::Negotiated negotiated;
        negotiated.cipher = "AES-256-GCM";
        negotiated.key_export = true;
        session_->configure(negotiated, now);
        up_ = true;
      } else if (std::holds_alternative<session::Failed>(*event)) {
        failed_ = true;
      }
    }
  }
  void send_all(Instant now) {
    std::array<std::uint8_t, 2048> room;
    while (const auto size = session_->transmit(room, now)) {
      static_cast<void>(send(socket_, room.data(), *size, 0));
    }
  }

  int socket_;
  std::unique_ptr<session::Session> session_;
  bool up_ = false;
  bool failed_ = false;
};

[[noreturn]] void stop(const std::string& why) {
  fmt::print(stderr, "bench_clients: {}\n", why);
  std::exit(1);
}

class Crowd {
 public:
  Crowd(const node::ClientSetup& setup, Rng& rng, const sockaddr_in& server, std::size_t wanted)
      : setup_(setup), rng_(rng), server_(server), wanted_(wanted) {}

  void connect_all() {
    const Instant limit = system::monotonic_now() + give_up_after;
    while (up() < wanted_) {
      const Instant now = system::monotonic_now();
      if (now > limit) stop(fmt::format("failed: only {} of {} are up", up(), wanted_));
      while (clients_.size() < wanted_ && clients_.size() - up() < most_at_once) {
        clients_.push_back(std::make_unique<BenchClient>(setup_, rng_, server_, now));
      }
      turn(now, 20);
    }
  }
  // Until standard input ends.
  void stay() {
    pollfd input{STDIN_FILENO, POLLIN, 0};
    while (poll(&input, 1, 0) == 0) turn(system::monotonic_now(), 200);
  }

 private:
  [[nodiscard]] std::size_t up() const {
    return static_cast<std::size_t>(
        std::ranges::count_if(clients_, [](const auto& client) { return client->up(); }));
  }
  void turn(Instant now, int milliseconds) {
    std::vector<pollfd> waiting;
    for (const auto& client : clients_) waiting.push_back({client->socket_number(), POLLIN, 0});
    poll(waiting.data(), waiting.size(), milliseconds);
    for (const auto& client : clients_) {
      client->turn(now);
      if (client->failed()) stop("failed: the server refused a client");
    }
  }

  const node::ClientSetup& setup_;
  Rng& rng_;
  sockaddr_in server_;
  std::size_t wanted_;
  std::vector<std::unique_ptr<BenchClient>> clients_;
};

class Files final : public options::Files {
 public:
  explicit Files(ports::StorePort& store) : store_(store) {}
  Result<std::string> read(const std::string& path) override { return store_.read(path); }

 private:
  ports::StorePort& store_;
};

sockaddr_in address_of(const options::Connection& connection) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  unsigned port = 1194;
  std::from_chars(connection.remote_port.data(),
                  connection.remote_port.data() + connection.remote_port.size(), port);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  if (inet_pton(AF_INET, connection.remote.c_str(), &address.sin_addr) != 1) {
    stop("the remote must be an IPv4 address");
  }
  return address;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) stop("usage: bench_clients CONFIG COUNT");
  system::SystemRng rng;
  system::Store store(rng);
  Files files(store);
  options::Parsed parsed = options::load({"--config", argv[1]}, files);
  for (const options::Issue& issue : parsed.issues) fmt::print(stderr, "{}\n", issue.text());
  if (options::has_errors(parsed.issues) || parsed.config.remotes.list.empty()) stop("no use");
  const options::Connection& connection = parsed.config.remotes.list.front();
  auto identity = node::Identity::load(parsed.config, false, store, {});
  if (!identity) stop(identity.error().text());
  auto setup =
      node::make_client_setup(parsed.config, connection, {**identity, rng, "bench", {}}, store);
  if (!setup) stop(setup.error().text());
  setup->session.reneg = {};
  Crowd crowd(*setup, rng, address_of(connection), std::strtoul(argv[2], nullptr, 10));
  crowd.connect_all();
  fmt::print("up {}\n", argv[2]);
  std::fflush(stdout);
  crowd.stay();
}
