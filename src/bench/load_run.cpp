#include "bench/load_run.h"

#include <algorithm>
#include <array>
#include <ctime>

#include "system/clock.h"

namespace adit::bench {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t most_starts_a_turn = 16;
constexpr std::size_t most_reasons = 20;
constexpr Duration longest_turn = 100ms;  // for the progress
constexpr std::size_t goodbyes_a_turn = 8;
constexpr Duration between_goodbyes = 2ms;
constexpr Duration last_words = 300ms;

Duration own_cpu() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

void count_one(std::map<std::string, std::size_t>& reasons, const std::string& why) {
  const bool room = reasons.size() < most_reasons || reasons.contains(why);
  ++reasons[room ? why : "other reasons"];
}

}  // namespace

LoadRun::LoadRun(system::Loop& loop, const node::ClientSetup& setup,
                 const session::Credentials& credentials, Rng& rng, const LoadSettings& settings)
    : loop_(loop), setup_(setup), credentials_(credentials), rng_(rng), settings_(settings) {
  report_.server = fmt::format("{} ({})", settings.server.text(), setup.tcp ? "tcp" : "udp");
  report_.wanted = settings.clients;
  report_.rate = settings.rate;
}

LoadReport LoadRun::run() {
  const Duration cpu = own_cpu();
  began_ = system::monotonic_now();
  Instant now = began_;
  while (!stopped_ && !(starting_is_over(now) && handshaking() == 0)) {
    start_those_due(now);
    show_progress(now, false);
    const bool waits = may_start(Instant::max()) && !starting_is_over(now);
    const Instant next = waits ? start_due(report_.started) : Instant::max();
    loop_.run_once(std::min(next, now + longest_turn));
    now = system::monotonic_now();
  }
  const Instant hold_until = now + settings_.hold;
  if (!stopped_) {
    progress_.say(fmt::format("{} of {} are up, {} failed", report_.connected, report_.started,
                              report_.failed()));
  }
  while (!stopped_ && now < hold_until && !seats_.empty()) {
    show_progress(now, true);
    loop_.run_once(std::min(hold_until, now + longest_turn));
    now = system::monotonic_now();
  }
  report_.unsettled = handshaking();
  report_.interrupted = stopped_;
  report_.elapsed = now - began_;
  report_.own_cpu = own_cpu() - cpu;
  progress_.clear();
  LoadReport report = report_;  // what comes after the goodbye does not count
  goodbye_all();
  return report;
}

// ---- starting ----

Instant LoadRun::start_due(std::size_t number) const {
  if (settings_.rate <= 0) return began_;
  return began_ + of_seconds(static_cast<double>(number) / settings_.rate);
}

bool LoadRun::may_start(Instant now) const {
  if (start_due(report_.started) > now) return false;
  if (settings_.at_once > 0 && handshaking() >= settings_.at_once) return false;
  if (settings_.going_on) return handshaking() < settings_.clients;
  return report_.started < settings_.clients;
}

bool LoadRun::starting_is_over(Instant now) const {
  if (settings_.going_on) return now >= began_ + *settings_.going_on;
  return report_.started >= settings_.clients;
}

void LoadRun::start_those_due(Instant now) {
  for (std::size_t i = 0; i < most_starts_a_turn; ++i) {
    if (stopped_ || starting_is_over(now) || !may_start(now)) return;
    if (seats_.size() >= settings_.clients) make_room();
    start(system::monotonic_now());
  }
}

void LoadRun::start(Instant now) {
  ++report_.started;
  auto socket = system::ClientSocket::open(settings_.server, setup_.tcp);
  if (!socket) return count_one(report_.failures, socket.error().what);
  const Number number = ++last_number_;
  auto seat = std::make_unique<Seat>(
      Seat{node::BareClient(setup_, credentials_, rng_, now, system::wall_now()),
           std::move(*socket), now, now + settings_.patience});
  const int fd = seat->socket.fd();
  const Status watched =
      loop_.watch(fd, system::ready::to_read | (setup_.tcp ? system::ready::to_write : 0u),
                  [this, number](unsigned ready) { on_ready(number, ready); });
  if (!watched) return count_one(report_.failures, watched.error().what);
  seat->writing = setup_.tcp;
  seats_.emplace(number, std::move(seat));
  after(number, {});
}

// The one that has been up for the longest time leaves.
void LoadRun::make_room() {
  while (!oldest_.empty()) {
    const Number number = oldest_.front();
    oldest_.pop_front();
    const auto found = seats_.find(number);
    if (found == seats_.end()) continue;
    Seat& seat = *found->second;
    seat.client.say_goodbye(system::monotonic_now());
    Status status;
    send_all(seat, status);
    return remove(number);
  }
}

// ---- one client ----

void LoadRun::on_ready(Number number, unsigned ready) {
  Seat& seat = *seats_.at(number);
  Status status;
  if ((ready & system::ready::to_write) != 0 && seat.socket.wants_to_write()) {
    status = seat.socket.go_on();
  }
  if (status && (ready & system::ready::to_read) != 0 && seat.socket.connected()) {
    const Instant now = system::monotonic_now();
    status =
        seat.socket.receive([&](MutableBytes datagram) { seat.client.receive(datagram, now); });
  }
  after(number, status);
}

void LoadRun::on_timer(Number number) {
  Seat& seat = *seats_.at(number);
  seat.timer = 0;
  seat.timer_at = Instant::max();
  seat.client.tick(loop_.now());
  const bool late =
      seat.client.phase() == node::BareClient::Phase::handshaking && loop_.now() >= seat.give_up_at;
  if (late) {
    const std::chrono::duration<double> patience = settings_.patience;
    seat.client.end(fmt::format("not connected within {:g} s", patience.count()));
  }
  after(number, {});
}

// Whatever happened to a client: what it has to say goes out, and it is looked at again.
void LoadRun::after(Number number, const Status& happened) {
  Seat& seat = *seats_.at(number);
  Status status = happened;
  if (status) send_all(seat, status);
  if (!status) seat.client.end(status.error().what);
  look(number, seat);
}

void LoadRun::send_all(Seat& seat, Status& status) {
  if (!seat.socket.connected()) return;
  std::array<std::uint8_t, node::BareClient::most_datagram_bytes> room;
  const Instant now = system::monotonic_now();
  while (status) {
    const Bytes datagram = seat.client.transmit(room, now);
    if (datagram.empty()) return;
    status = seat.socket.send(datagram);
  }
}

void LoadRun::look(Number number, Seat& seat) {
  if (seat.client.phase() == node::BareClient::Phase::up && !seat.counted)
    settle_down(number, seat);
  if (seat.client.phase() == node::BareClient::Phase::ended) {
    count_one(seat.counted ? report_.losses : report_.failures, seat.client.why());
    return remove(number);
  }
  const bool writing = seat.socket.wants_to_write();
  if (writing != seat.writing) {
    seat.writing = writing;
    loop_.change_interest(seat.socket.fd(),
                          system::ready::to_read | (writing ? system::ready::to_write : 0u));
  }
  set_timer(number, seat);
}

void LoadRun::settle_down(Number number, Seat& seat) {
  const Instant now = system::monotonic_now();
  seat.counted = true;
  ++report_.connected;
  ++report_.up;
  report_.most_up = std::max(report_.most_up, report_.up);
  report_.latencies.push_back(now - seat.started);
  report_.connecting = now - began_;
  oldest_.push_back(number);
}

void LoadRun::set_timer(Number number, Seat& seat) {
  // Without a connection it has nothing to do but to wait for one.
  Instant at = seat.socket.connected() ? seat.client.deadline().at : Instant::max();
  if (!seat.counted) at = std::min(at, seat.give_up_at);
  if (at == seat.timer_at) return;
  if (seat.timer != 0) loop_.cancel(seat.timer);
  seat.timer = at == Instant::max() ? 0 : loop_.at(at, [this, number] { on_timer(number); });
  seat.timer_at = at;
}

void LoadRun::remove(Number number) {
  const auto found = seats_.find(number);
  Seat& seat = *found->second;
  if (seat.timer != 0) loop_.cancel(seat.timer);
  loop_.unwatch(seat.socket.fd());
  if (seat.counted) --report_.up;
  seats_.erase(found);
}

// The server need not wait until it notices. Not all at once, for it may have little room.
void LoadRun::goodbye_all() {
  std::vector<Number> numbers;
  for (const auto& [number, seat] : seats_) numbers.push_back(number);
  std::size_t said = 0;
  for (const Number number : numbers) {
    const auto found = seats_.find(number);
    if (found == seats_.end()) continue;
    Status status;
    found->second->client.say_goodbye(system::monotonic_now());
    send_all(*found->second, status);
    if (++said % goodbyes_a_turn == 0) loop_.run_once(system::monotonic_now() + between_goodbyes);
  }
  const Instant until = system::monotonic_now() + last_words;
  while (!setup_.tcp && !seats_.empty() && system::monotonic_now() < until) loop_.run_once(until);
  while (!seats_.empty()) remove(seats_.begin()->first);
}

void LoadRun::show_progress(Instant now, bool holding) {
  const std::size_t failed = report_.failed();
  const auto time = in_seconds(now - began_);
  std::string text = fmt::format("{} of {} up", report_.up, settings_.clients);
  if (failed > 0) text += fmt::format(", {} failed", failed);
  if (report_.lost() > 0) text += fmt::format(", {} lost", report_.lost());
  double share = static_cast<double>(report_.connected + failed) /
                 static_cast<double>(std::max<std::size_t>(1, settings_.clients));
  if (settings_.going_on) {
    share = time / in_seconds(*settings_.going_on);
    text += fmt::format(", {} handshakes", report_.connected);
  }
  if (holding) {
    text += ", holding";
  } else if (time > 0) {
    text += fmt::format(", {:.0f} a second", static_cast<double>(report_.connected) / time);
  }
  progress_.show(share, text, now);
}

}  // namespace adit::bench
