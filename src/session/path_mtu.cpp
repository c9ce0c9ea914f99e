#include "session/path_mtu.h"

#include <algorithm>
#include <cstdlib>

#include "wire/inside_message.h"

namespace adit::session {

namespace {

using namespace std::chrono_literals;

constexpr unsigned small_load = 300;      // the question that only learns whether there are answers
constexpr int most_difference = 150;      // between a load that is asked for and the answer
constexpr unsigned first_mark = 320;      // loads of questions about the way up
constexpr unsigned least_down = 500;      // larger answers tell of the way down
constexpr unsigned largest_outer = 1500;  // of packets to us: TCP is told 1492 at most
constexpr std::size_t question_bytes = 19;  // magic, type, load

constexpr unsigned most_questions = 5;
constexpr unsigned most_looks = 3;
constexpr Duration first_patience = 300ms;
constexpr Duration least_patience = 150ms;
constexpr Duration most_patience = 3s;
constexpr Duration short_rest = 3s;
constexpr Duration long_rest = 15s;
constexpr Duration first_grow_wait = 5s, longest_grow_wait = 10min;
constexpr Duration listen_often = 50ms, listen_seldom = 1s;

}  // namespace

void PathMtu::start(const Setup& setup, const Traffic& traffic, Instant now) {
  const Found known = found_.up != 0 ? found_ : setup.known;
  *this = {};
  found_ = known;
  setup_ = setup;
  seen_ = traffic;
  ceiling_up_ = outer_size(setup.frame, setup.tun_mtu);
  state_ = setup.at_once ? State::asking : State::waiting;
  next_.at = now;
}

void PathMtu::tick(const Traffic& traffic, Instant now) {
  if (!next_.due(now)) return;
  switch (state_) {
    case State::off:
      next_.at = Instant::max();
      return;
    case State::waiting:
      if (traffic.received_packets == seen_.received_packets) {
        rest_ = std::clamp<Duration>(rest_ * 5 / 4, listen_often, listen_seldom);
        next_.at = now + rest_;
        return;
      }
      state_ = State::asking;
      [[fallthrough]];
    case State::asking:
      if (attempts_ >= most_questions) {
        state_ = State::silent;
        found_ = {};
        news_ = true;
        next_.at = Instant::max();
        return;
      }
      question(small_load, question_bytes);
      if (attempts_ == 0) asked_at_ = now;  // it may be the first one that is answered
      next_.at = now + first_patience * (1 << attempts_++);
      return;
    case State::searching:
      return end_round(now);
    case State::settled:
      return looking_ ? check(now) : look_again(traffic, now);
    case State::silent:
      next_.at = Instant::max();
      return;
  }
}

void PathMtu::answered(Bytes payload, Instant now) {
  const auto bytes = static_cast<int>(std::min<std::size_t>(payload.size(), 65535));
  if (state_ == State::asking && attempts_ > 0) {
    const int shorter_by = static_cast<int>(small_load) - bytes;
    if (std::abs(shorter_by) > most_difference) return;  // a load of its own ("mtu-test")
    shorter_by_ = shorter_by;
    round_trip_ = now - asked_at_;
    return search(now);
  }
  if (state_ != State::searching && state_ != State::settled) return;
  const int load = bytes + shorter_by_;
  if (load == static_cast<int>(small_load)) {
    alive_ = true;
  } else if (load >= static_cast<int>(least_down)) {
    down_.passed(outer_size(setup_.frame, static_cast<unsigned>(bytes)));
  } else if (load >= static_cast<int>(first_mark) && load < static_cast<int>(first_mark + marks)) {
    up_.passed(marked_[static_cast<unsigned>(load) - first_mark]);
  }
  const auto complete = [](const MtuSearch& way) {
    return way.over() || way.found() >= way.round().back();
  };
  if (state_ == State::searching && complete(up_) && complete(down_)) end_round(now);
  const bool late = state_ == State::settled && !looking_;
  if (late && (up_.found() > found_.up || down_.found() > found_.down)) publish();
}

void PathMtu::search(Instant now) {
  state_ = State::searching;
  if (!growing_) grow_wait_ = first_grow_wait;
  grow_at_ = now + grow_wait_;
  grow_wait_ = std::min<Duration>(grow_wait_ * 5, longest_grow_wait);
  looking_ = false;
  up_.start(ceiling_up_);
  down_.start(std::min(ceiling_up_, largest_outer));
  send_round(now);
}

void PathMtu::send_round(Instant now) {
  for (const unsigned size : down_.round()) probe_down(size);
  for (const unsigned size : up_.round()) probe_up(size);
  next_.at = now + patience();
}

void PathMtu::end_round(Instant now) {
  if (!up_.over()) up_.round_over();
  if (!down_.over()) down_.round_over();
  publish();
  if (up_.over() && down_.over()) return settle(now);
  send_round(now);
}

void PathMtu::settle(Instant now) {
  state_ = State::settled;
  rest_ = short_rest;
  next_.at = now + rest_;
  growing_ = false;
}

// Is it still so? Only when packets of users pass: the idle are left alone.
void PathMtu::look_again(const Traffic& traffic, Instant now) {
  const bool idle = traffic.inside_bytes == seen_.inside_bytes;
  seen_ = traffic;
  rest_ = idle ? std::min(rest_ * 2, long_rest) : short_rest;
  next_.at = now + rest_;
  if (idle) return;
  growing_ = grow_at_ <= now && !is_widest();
  if (growing_) return search(now);
  attempts_ = 0;
  check(now);
}

// Both sizes once more, beside a small question: when that alone is answered, larger ones are lost
// for being large.
void PathMtu::check(Instant now) {
  if (looking_) {
    const bool good = up_.found() >= found_.up && down_.found() >= found_.down;
    if (good || ++attempts_ >= most_looks) {
      looking_ = false;
      if (!good && alive_) return search(now);
      next_.at = now + rest_;
      return;
    }
  } else {
    up_.start(ceiling_up_);
    down_.start(std::min(ceiling_up_, largest_outer));
    alive_ = false;
    looking_ = true;
  }
  question(small_load, question_bytes);
  probe_up(found_.up);
  probe_down(found_.down);
  next_.at = now + patience();
}

void PathMtu::probe_up(unsigned outer) {
  const unsigned mark = next_mark_++ % marks;
  marked_[mark] = static_cast<std::uint16_t>(outer);
  // The last block of a block cipher may have room for more than any inner packet needs.
  question(first_mark + mark, std::min(outer_room(setup_.frame, outer), setup_.tun_mtu));
}

void PathMtu::probe_down(unsigned outer) {
  const int load = static_cast<int>(outer_room(setup_.frame, outer)) + shorter_by_;
  question(static_cast<unsigned>(std::max(load, static_cast<int>(least_down))), question_bytes);
}

void PathMtu::question(unsigned load, std::size_t payload_bytes) {
  constexpr std::size_t before = question_bytes - 2;
  Buffer rest(std::max(payload_bytes, question_bytes) - before);
  store_u16(rest.data(), static_cast<std::uint16_t>(load));
  probes_.push_back(wire::encode_occ(wire::OccType::mtu_load_request, rest));
}

void PathMtu::publish() {
  Found now{up_.found(), down_.found()};
  if (growing_) now = {std::max(now.up, found_.up), std::max(now.down, found_.down)};
  news_ = news_ || now != found_;
  found_ = now;
}

Duration PathMtu::patience() const {
  return std::clamp<Duration>(round_trip_ * 2 + 100ms, least_patience, most_patience);
}

}  // namespace adit::session
