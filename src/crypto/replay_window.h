#pragma once

#include <cstdint>
#include <vector>

#include "base/time.h"

namespace adit::crypto {

// Tells fresh packet ids from repeated and too old ones, as OpenVPN 2.x does.
// source: wire protocol 11.2; vectors made with the packet-id module of 2.7.6.
//
// check() before the cipher (cheap), add() after it (authentic): only packets that authenticated
// move the window. One owner thread.
class ReplayWindow {
 public:
  // packets  how far behind the newest id a late packet may be; 0: strict sequence
  // seconds  how long a slot stays open after a newer packet; 0: for ever
  explicit ReplayWindow(std::uint32_t packets = 64, std::uint32_t seconds = 15);

  // time is the sender's time field of the long form, 0 for the short form.
  [[nodiscard]] bool check(std::uint64_t id, std::uint32_t time, Instant now);
  void add(std::uint64_t id, std::uint32_t time, Instant now);

  [[nodiscard]] std::uint64_t highest() const { return highest_; }
  [[nodiscard]] std::uint64_t deepest_backtrack() const { return deepest_backtrack_; }

  // What must outlive a process. Bit d of seen (byte d/8, lowest bit first) belongs to highest - d.
  struct State {
    std::uint64_t highest = 0;
    std::uint32_t time = 0;
    std::vector<std::uint8_t> seen;
  };
  [[nodiscard]] State state() const;
  void restore(const State& state, Instant now);

 private:
  // 0 not seen, 1 expired, else the second it was received plus two
  using Slot = std::uint32_t;
  static constexpr Slot unseen = 0;
  static constexpr Slot expired = 1;
  static Slot stamp(Instant now) { return static_cast<Slot>(whole_seconds(now)) + 2; }

  Slot& slot(std::uint64_t behind) {
    const std::size_t at = newest_ + behind;
    return slots_[at < slots_.size() ? at : at - slots_.size()];
  }
  void reap(Instant now);
  void push_unseen(std::uint64_t count);
  void start_over(std::uint64_t id, std::uint32_t time);

  std::uint32_t packets_;
  std::uint32_t seconds_;
  std::vector<Slot> slots_;  // ring; newest_ is the slot of highest_
  std::size_t newest_ = 0;
  std::size_t length_ = 0;  // slots in use
  std::uint64_t highest_ = 0;
  std::uint32_t time_ = 0;
  std::int64_t last_reap_ = INT64_MIN / 2;
  std::uint64_t deepest_backtrack_ = 0;
};

}  // namespace adit::crypto
