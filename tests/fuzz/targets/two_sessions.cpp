// Two sessions and the bytes between them: every input is a course of events. The wire delivers,
// loses, repeats, turns over and damages what it is told to; time passes; either end renegotiates,
// crashes, is taken over or says something. What must never happen is watched all along (pair.cpp);
// in the end the weather clears, and the two must find each other.
//
//   terms | steps

#include <algorithm>

#include "tests/fuzz/input.h"
#include "tests/fuzz/pair.h"

namespace adit::fuzz {

namespace {

using namespace std::chrono_literals;

PairTerms draw_terms(Input& input) {
  const std::uint8_t byte = input.u8();
  PairTerms terms;
  terms.wrap = static_cast<sim::Wrap>(byte & 3);
  terms.decides_late = (byte & 4) != 0;
  terms.agreed.cipher = "AES-256-GCM";
  terms.agreed.auth = "SHA1";
  terms.agreed.key_export = (byte & 8) != 0;
  terms.agreed.dyn_tls_crypt = (byte & 16) != 0;
  return terms;
}

class Course {
 public:
  explicit Course(Input& input)
      : input_(input), terms_(draw_terms(input)), client_(terms_, rng_), server_(terms_, rng_) {
    client_.other = &server_;
    server_.other = &client_;
    turn();
  }

  void step() {
    const std::uint8_t what = input_.u8();
    const std::size_t which = what >> 4;
    switch (what & 15) {
      case 0:
        deliver(which);
        break;
      case 1:
        lose(which);
        break;
      case 2:
        repeat(which);
        break;
      case 3:
        spoil(which);
        break;
      case 4:
        now_ += (which + 1) * 50ms;
        break;
      case 5:
        now_ += (which + 1) * 3s;
        break;
      case 6:
        now_ = std::max(now_, next_deadline());
        break;
      case 7:
        client_.renegotiate(now_);
        break;
      case 8:
        server_.renegotiate(now_);
        break;
      case 9:
        client_.crash();
        break;
      case 10:
        server_.crash();
        break;
      case 11:
        server_.hand_over(now_);
        break;
      case 12:
        server_.decide(which != 0, now_);
        break;
      case 13:
        say(which % 2 == 0 ? static_cast<End&>(client_) : server_);
        break;
      case 14:
        (which % 2 == 0 ? static_cast<End&>(client_) : server_).wear_out(now_);
        break;
      default:
        deliver_all();
        break;
    }
    turn();
  }

  // The sky clears: both ends must agree on a session and a key, and hear each other.
  void end() {
    const Instant limit = now_ + 20min;
    while (!agreed()) {
      ADIT_ASSERT(now_ < limit);
      go_on();
    }
    const std::string from_client = say(client_);
    const std::string from_server = say(server_);
    const Instant soon = now_ + 10s;
    while (!server_.heard().contains(from_client) || !client_.heard().contains(from_server)) {
      ADIT_ASSERT(now_ < soon);
      go_on();
    }
  }

 private:
  struct Flight {
    bool to_server;
    Buffer datagram;
  };

  void turn() {
    take_turn(client_, true);
    take_turn(server_, false);
  }

  void take_turn(End& end, bool to_server) {
    std::vector<Buffer> out;
    end.turn(now_, out);
    for (Buffer& datagram : out) launch(to_server, std::move(datagram));
  }

  void launch(bool to_server, Buffer datagram) {
    constexpr std::size_t most_in_flight = 64;
    if (flying_.size() < most_in_flight) flying_.push_back({to_server, std::move(datagram)});
  }

  void arrive(Flight flight) {
    if (!flight.to_server) return client_.receive(std::move(flight.datagram), now_);
    server_.receive(std::move(flight.datagram), now_);
    if (auto reply = server_.reply()) launch(false, std::move(*reply));
  }

  Flight take(std::size_t which) {
    const auto at = flying_.begin() + static_cast<long>(which % flying_.size());
    Flight flight = std::move(*at);
    flying_.erase(at);
    return flight;
  }

  void deliver(std::size_t which) {
    if (!flying_.empty()) arrive(take(which));
  }
  void lose(std::size_t which) {
    if (!flying_.empty()) take(which);
  }
  void repeat(std::size_t which) {
    if (flying_.empty()) return;
    const Flight copy = flying_[which % flying_.size()];
    launch(copy.to_server, copy.datagram);
  }
  void spoil(std::size_t which) {
    if (flying_.empty()) return;
    Buffer& datagram = flying_[which % flying_.size()].datagram;
    datagram[input_.u16() % datagram.size()] ^= static_cast<std::uint8_t>(1u << input_.below(8));
  }
  void deliver_all() {
    for (std::size_t count = flying_.size(); count > 0; --count) arrive(take(0));
  }

  [[nodiscard]] Instant next_deadline() const {
    const Instant next = std::min(client_.deadline(), server_.deadline());
    return std::min(next, now_ + 1h);
  }

  // One step of a perfect world.
  void go_on() {
    if (flying_.empty()) {
      now_ = std::clamp(next_deadline(), now_ + 1ms, now_ + 1s);
    } else {
      now_ += 10ms;
      deliver_all();
    }
    server_.decide(true, now_);
    turn();
  }

  std::string say(End& end) {
    const std::string text = "INFO,number " + std::to_string(++spoken_);
    end.say(text, now_);
    return text;
  }

  [[nodiscard]] bool agreed() const {
    const auto ours = client_.send_key();
    const auto theirs = server_.send_key();
    if (!ours || ours != theirs) return false;
    const session::Session& a = client_.session();
    const session::Session& b = server_.session();
    if (a.own_id() != b.remote_id() || a.remote_id() != b.own_id()) return false;
    // Its life may have ended before its successor is in use.
    if (!client_.keys().contains(*ours) || !server_.keys().contains(*ours)) return false;
    ADIT_ASSERT(client_.keys().at(*ours) == server_.keys().at(*ours));
    return a.key_id() == *ours && b.key_id() == *ours;
  }

  Input& input_;
  PairTerms terms_;
  sim::SeededRng rng_{10};
  ClientEnd client_;
  ServerEnd server_;
  std::vector<Flight> flying_;
  Instant now_ = start_of_time;
  int spoken_ = 0;
};

}  // namespace

void try_input(Bytes bytes) {
  constexpr int most_steps = 300;
  Input input(bytes);
  Course course(input);
  for (int i = 0; i < most_steps && !input.empty(); ++i) course.step();
  course.end();
}

}  // namespace adit::fuzz
