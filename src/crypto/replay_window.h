#pragma once

#include <cstdint>
#include <vector>

#include "base/drop.h"
#include "base/time.h"

namespace adit::crypto {

// How much disorder is accepted.
struct ReplayLimits {
  std::uint32_t packets = 64;  // how far behind the newest id a late packet may be; 0: strict order
  std::uint32_t seconds = 15;  // how long an id stays open after a newer packet; 0: for ever
};
// What data keys accept unless "replay-window" says otherwise: 100 ms at 1 Gbit/s are some 10,000
// packets. Nothing is accepted twice however late it comes, so no time is kept.
inline constexpr ReplayLimits generous_limits{16384, 0};

// Tells fresh packet ids from repeated and too late ones, as OpenVPN 2.x does.
// source: wire protocol 11.2; vectors made with the packet-id module of 2.7.6.
//
// check() before the cipher (cheap), add() after it (authentic): only packets that authenticated
// move the window. One owner thread. Memory: one bit for each remembered id, taken when the first
// id above 511 comes, once, so that the keys of idle peers stay small; and four bytes for each of
// `packets` where there is a limit of time.
class ReplayWindow {
 public:
  // remember  at least so many ids are known to be seen or not: a repetition that comes after the
  //           window has moved on is then still told from a late packet
  explicit ReplayWindow(const ReplayLimits& limits = {}, std::uint32_t remember = 0);

  // Another with the same limits, as if nothing had come yet.
  [[nodiscard]] ReplayWindow fresh() const {
    return ReplayWindow(limits_, static_cast<std::uint32_t>(full_words_ * word_bits));
  }

  // time is the sender's time field of the long form, 0 for the short form.
  //
  // none      fresh
  // replayed  seen before, or no id of this series
  // late      behind the window and not known to have been seen
  [[nodiscard]] Drop check(std::uint64_t id, std::uint32_t time, Instant now);
  // The same before those that came earlier have been added. What it refuses stays refused; with
  // strict order, where an earlier packet may open the door for the next, it refuses nothing.
  [[nodiscard]] Drop check_early(std::uint64_t id, std::uint32_t time, Instant now) {
    return limits_.packets == 0 ? Drop::none : check(id, time, now);
  }
  void add(std::uint64_t id, std::uint32_t time, Instant now);

  [[nodiscard]] std::uint64_t highest() const { return highest_; }
  [[nodiscard]] std::uint32_t time() const { return time_; }
  [[nodiscard]] std::uint64_t behind(std::uint64_t id) const {
    return id < highest_ ? highest_ - id : 0;
  }

  // Asks for the memory that the next newer id will need.
  void prefetch() const { __builtin_prefetch(&seen_[(highest_ + 1) / word_bits & mask_], 1); }

  // What must outlive a process. Bit d of seen (byte d/8, lowest bit first) belongs to highest - d.
  struct State {
    std::uint64_t highest = 0;
    std::uint32_t time = 0;
    std::vector<std::uint8_t> seen;
  };
  [[nodiscard]] State state() const;
  void restore(const State& state, Instant now);

 private:
  static constexpr std::uint64_t word_bits = 64;

  [[nodiscard]] Drop check_strictly(std::uint64_t id, std::uint32_t time) const;
  [[nodiscard]] bool seen(std::uint64_t id) const {
    return (seen_[id / word_bits & mask_] >> (id % word_bits) & 1) != 0;
  }
  void mark(std::uint64_t id, Instant now);
  void move_to(std::uint64_t id);
  void grow_for(std::uint64_t id);
  void start_over(std::uint64_t id, std::uint32_t time);
  void reap(Instant now);

  ReplayLimits limits_;
  std::uint64_t full_words_;            // a power of two
  std::vector<std::uint64_t> seen_;     // ring: id lies at bit id % 64 of word id / 64
  std::uint64_t mask_;                  // of word numbers; their count is a power of two
  std::vector<std::uint32_t> arrived_;  // ring: the second of arrival, with a limit of time
  std::uint64_t highest_ = 0;
  std::uint64_t closed_ = 0;  // this id and everything older is closed, seen or not
  std::uint32_t time_ = 0;
  std::int64_t last_reap_ = INT64_MIN / 2;
};

}  // namespace adit::crypto
