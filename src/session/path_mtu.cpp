#include "session/path_mtu.h"

#include <algorithm>
#include <cstdlib>

#include "base/noise.h"
#include "ip/echo.h"
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

constexpr unsigned most_attempts = 5;
constexpr unsigned most_looks = 3;
constexpr Duration first_patience = 300ms;
constexpr Duration least_patience = 150ms;
constexpr Duration most_patience = 3s;
// Between two looks: what they cost stays small beside what passes.
constexpr std::uint64_t busy_bytes = 64 << 10;
constexpr Duration busy_rest = 1s;
constexpr Duration short_rest = 3s;
constexpr Duration long_rest = 15s;
constexpr Duration first_grow_wait = 5s, longest_grow_wait = 10min;
constexpr Duration listen_often = 100ms, listen_seldom = 10s;
constexpr Duration doubt_rest = 1s;

}  // namespace

void PathMtu::start(const Setup& setup, const Traffic& traffic, Instant now) {
  const Found known = found_.up != 0 ? found_ : setup.known;
  *this = {};
  found_ = known;
  begun_anew_ = known.up != 0;
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
        rest_ = std::clamp<Duration>(rest_ * 2, listen_often, listen_seldom);
        next_.at = now + rest_;
        return;
      }
      state_ = State::asking;
      [[fallthrough]];
    case State::asking:
      if (attempts_ >= most_attempts) {
        state_ = State::silent;
        found_ = {};
        news_ = true;
        next_.at = Instant::max();
        return;
      }
      return ask(now);
    case State::searching:
      return end_round(now);
    case State::settled:
      return looking_ ? check(now) : look_again(traffic, now);
    case State::silent:
      next_.at = Instant::max();
      return;
  }
}

// Echo requests only beside the second question: a peer that answers the first is not bothered.
void PathMtu::ask(Instant now) {
  question(small_load, question_bytes);
  if (attempts_ == 0) asked_at_ = now;  // it may be the first one that is answered
  if (attempts_ == 1) echo_asked_at_ = now;
  for (unsigned way = 0; attempts_ > 0 && way < setup_.echo_ways.size(); ++way) {
    echo(way, small_load, 0);
  }
  next_.at = now + first_patience * (1 << attempts_++);
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
  if (echoes_ || (state_ != State::searching && state_ != State::settled)) return;
  const int load = bytes + shorter_by_;
  if (load == static_cast<int>(small_load)) {
    alive_ = true;
  } else if (load >= static_cast<int>(least_down)) {
    down_.passed(outer_size(setup_.frame, static_cast<unsigned>(bytes)));
  } else if (load >= static_cast<int>(first_mark) && load < static_cast<int>(first_mark + marks)) {
    up_.passed(marked_[static_cast<unsigned>(load) - first_mark]);
  }
  take_answer(now);
}

void PathMtu::echoed(unsigned sequence, std::size_t bytes, Instant now) {
  const unsigned way = sequence / marks;
  if (way >= setup_.echo_ways.size()) return;
  if (state_ == State::asking && attempts_ > 1) {
    echoes_ = true;
    way_ = way;
    round_trip_ = now - echo_asked_at_;
    return search(now);
  }
  if (!echoes_ || way != way_ || (state_ != State::searching && state_ != State::settled)) return;
  const unsigned outer = marked_[sequence % marks];
  if (outer == 0) {
    alive_ = true;
  } else if (bytes >= inner_for(outer)) {
    up_.passed(outer);
    down_.passed(outer);
  }
  take_answer(now);
}

void PathMtu::heard(Instant now) {
  if (state_ == State::waiting) next_.at = now;
}

std::uint64_t PathMtu::echo_mark() const {
  if (setup_.echo_ways.empty() || state_ == State::off || state_ == State::silent) return 0;
  const bool asks = state_ == State::waiting || state_ == State::asking;
  return asks || echoes_ ? setup_.echo_mark : 0;
}

void PathMtu::take_answer(Instant now) {
  const auto complete = [](const MtuSearch& way) {
    return way.over() || way.found() >= way.round().back();
  };
  if (state_ == State::searching && complete(up_) && complete(down_)) end_round(now);
  const bool late = state_ == State::settled && !looking_;
  if (late && (up_.found() > found_.up || down_.found() > found_.down)) publish();
}

bool PathMtu::doubted(unsigned outer, Instant now) {
  if (state_ != State::settled || looking_ || outer >= found_.up || now < doubt_again_)
    return false;
  doubt_again_ = now + doubt_rest;
  attempts_ = 0;
  check(now);
  return true;
}

// An echo tells of both ways at once, so both have the lower ceiling.
void PathMtu::start_ways() {
  const unsigned usual = std::min(ceiling_up_, largest_outer);
  up_.start(echoes_ ? usual : ceiling_up_);
  down_.start(usual);
}

void PathMtu::search(Instant now) {
  state_ = State::searching;
  if (!growing_) grow_wait_ = first_grow_wait;
  grow_at_ = now + grow_wait_;
  grow_wait_ = std::min<Duration>(grow_wait_ * 5, longest_grow_wait);
  looking_ = false;
  start_ways();
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
  rest_ = busy_rest;
  next_.at = now + rest_;
  growing_ = begun_anew_ = false;
}

// Is it still so? Only when packets of users pass: the idle are left alone.
void PathMtu::look_again(const Traffic& traffic, Instant now) {
  const std::uint64_t passed = traffic.inside_bytes - seen_.inside_bytes;
  const bool idle = passed == 0;
  seen_ = traffic;
  rest_ = idle ? std::min(rest_ * 2, long_rest) : passed < busy_bytes ? short_rest : busy_rest;
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
    start_ways();
    alive_ = false;
    looking_ = true;
  }
  echoes_ ? echo(way_, small_load, 0) : question(small_load, question_bytes);
  probe_up(found_.up);
  probe_down(found_.down);
  next_.at = now + patience();
}

void PathMtu::probe_up(unsigned outer) {
  if (echoes_ && outer == 0) return;  // nothing passed yet that would be to be held
  if (echoes_) return echo(way_, inner_for(outer), outer);
  const unsigned mark = next_mark_++ % marks;
  marked_[mark] = static_cast<std::uint16_t>(outer);
  question(first_mark + mark, inner_for(outer));
}

// The last block of a block cipher may have room for more than any inner packet needs.
unsigned PathMtu::inner_for(unsigned outer) const {
  return std::min(outer_room(setup_.frame, outer), setup_.tun_mtu);
}

void PathMtu::probe_down(unsigned outer) {
  if (echoes_) return;  // it is known by the way up
  const int load = static_cast<int>(outer_room(setup_.frame, outer)) + shorter_by_;
  question(static_cast<unsigned>(std::max(load, static_cast<int>(least_down))), question_bytes);
}

void PathMtu::question(unsigned load, std::size_t payload_bytes) {
  constexpr std::size_t before = question_bytes - 2;
  Buffer rest(std::max(payload_bytes, question_bytes) - before);
  fill_with_noise(rest, load);
  store_u16(rest.data(), static_cast<std::uint16_t>(load));
  probes_.push_back(wire::encode_occ(wire::OccType::mtu_load_request, rest));
}

// outer: what an answer proves; 0: only that the peer is there.
void PathMtu::echo(unsigned way, unsigned bytes, unsigned outer) {
  const unsigned mark = next_mark_++ % marks;
  marked_[mark] = static_cast<std::uint16_t>(outer);
  const auto& [from, to] = setup_.echo_ways[way];
  const auto sequence = static_cast<std::uint16_t>(way * marks + mark);
  const std::size_t size = std::max<std::size_t>(bytes, ip::least_echo_bytes);
  probes_.push_back(ip::echo_request({from, to, setup_.echo_mark, sequence}, size));
}

// Late answers must not make a path narrow for a moment: TCP connections that begin then stay
// small.
void PathMtu::publish() {
  const auto best = [this](const MtuSearch& way, unsigned before) {
    const bool stands = growing_ || (begun_anew_ && !way.over());
    return stands ? std::max(way.found(), before) : way.found();
  };
  const Found now{best(up_, found_.up), best(down_, found_.down)};
  news_ = news_ || now != found_;
  found_ = now;
}

Duration PathMtu::patience() const {
  return std::clamp<Duration>(round_trip_ * 2 + 100ms, least_patience, most_patience);
}

}  // namespace adit::session
