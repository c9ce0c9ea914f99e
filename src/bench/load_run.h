#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <unordered_map>

#include "bench/load_report.h"
#include "bench/progress.h"
#include "node/bare_client.h"
#include "system/client_socket.h"
#include "system/loop.h"

namespace adit::bench {

struct LoadSettings {
  ip::Endpoint server;
  std::size_t clients = 100;  // at the same time
  double rate = 50;           // new sessions a second; 0: as fast as it goes
  std::size_t at_once = 0;    // handshakes under way at most; 0: no limit
  // For so long sessions are begun; when all clients are up the oldest leaves for a new one.
  // Nothing: each client connects once.
  std::optional<Duration> going_on;
  Duration hold{};                               // how long all stay when the last is up
  Duration patience = std::chrono::seconds(20);  // for one handshake
};

// A load: many clients in this thread, each with a socket of its own.
class LoadRun {
 public:
  // What is referred to must outlive the run.
  LoadRun(system::Loop& loop, const node::ClientSetup& setup,
          const session::Credentials& credentials, Rng& rng, const LoadSettings& settings);

  // Turns the loop until all is done or stop() was called.
  [[nodiscard]] LoadReport run();
  void stop() { stopped_ = true; }

 private:
  struct Seat {
    node::BareClient client;
    system::ClientSocket socket;
    Instant started;
    Instant give_up_at;
    system::TimerId timer = 0;
    Instant timer_at = Instant::max();
    bool writing = false;  // the loop tells when it can be written
    bool counted = false;  // as up
  };
  using Number = std::uint64_t;

  [[nodiscard]] Instant start_due(std::size_t number) const;
  [[nodiscard]] bool may_start(Instant now) const;
  [[nodiscard]] bool starting_is_over(Instant now) const;
  void start_those_due(Instant now);
  void start(Instant now);
  void make_room();
  void on_ready(Number number, unsigned ready);
  void on_timer(Number number);
  void after(Number number, const Status& status);
  void send_all(Seat& seat, Status& status);
  void look(Number number, Seat& seat);
  void set_timer(Number number, Seat& seat);
  void settle_down(Number number, Seat& seat);
  void remove(Number number);
  void goodbye_all();
  void show_progress(Instant now, bool holding);
  [[nodiscard]] std::size_t handshaking() const { return seats_.size() - report_.up; }

  system::Loop& loop_;
  const node::ClientSetup& setup_;
  const session::Credentials& credentials_;
  Rng& rng_;
  LoadSettings settings_;
  LoadReport report_;
  Progress progress_;
  std::unordered_map<Number, std::unique_ptr<Seat>> seats_;
  std::deque<Number> oldest_;  // those that came up, in that order; some may be gone
  Number last_number_ = 0;
  Instant began_;
  bool stopped_ = false;
};

}  // namespace adit::bench
