#pragma once

#include <atomic>

#include "base/drop.h"
#include "base/time.h"

namespace adit::plane {

// A number with one writing thread and any number of readers.
class Counter {
 public:
  void add(std::uint64_t amount) {
    value_.store(value_.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
  }
  void set(std::uint64_t value) { value_.store(value, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t get() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

// The moment of the last batch, written by one thread.
class LastMoment {
 public:
  void set(Instant now) { at_.store(now.time_since_epoch().count(), std::memory_order_relaxed); }
  [[nodiscard]] Instant get() const {
    return Instant(Duration(at_.load(std::memory_order_relaxed)));
  }

 private:
  std::atomic<Duration::rep> at_{0};
};

// How many packets one call moves, written by one thread.
class BatchMeter {
 public:
  void batch(std::size_t packets) {
    if (packets == 0) return;
    calls_.add(1);
    packets_.add(packets);
  }
  [[nodiscard]] std::uint64_t calls() const { return calls_.get(); }
  [[nodiscard]] std::uint64_t packets() const { return packets_.get(); }

 private:
  Counter calls_, packets_;
};

// One direction of one peer; padded, so that the lanes do not share cache lines.
struct alignas(64) Flow {
  Counter packets;       // data packets, pings included
  Counter link_bytes;    // as they are on the wire
  Counter inside_bytes;  // user traffic
  LastMoment last;
};

// What came in another order than it was sent, or more than once.
struct Disorder {
  std::uint64_t late = 0;                                 // refused: too far behind
  std::uint64_t repeated = 0;                             // refused: seen before
  std::uint64_t reordered = 0;                            // accepted behind a newer packet
  std::uint64_t deepest_late = 0, deepest_reordered = 0;  // packets behind the newest
  std::uint64_t in_fragments = 0;                         // datagrams that came in pieces
  std::uint64_t last_refused = 0;                         // packet id
  std::uint64_t last_behind = 0;                          // how far behind that one was
  [[nodiscard]] std::uint64_t refused() const { return late + repeated; }
};

// The same, written by one lane.
class DisorderMeter {
 public:
  void accepted(std::uint64_t behind) {
    reordered_.add(1);
    if (behind > deepest_reordered_.get()) deepest_reordered_.set(behind);
  }
  void refused(Drop verdict, std::uint64_t id, std::uint64_t behind) {
    (verdict == Drop::late ? late_ : repeated_).add(1);
    if (verdict == Drop::late && behind > deepest_late_.get()) deepest_late_.set(behind);
    last_refused_.set(id);
    last_behind_.set(behind);
  }
  void came_in_fragments() { in_fragments_.add(1); }
  [[nodiscard]] Disorder read() const {
    return {late_.get(),         repeated_.get(),          reordered_.get(),
            deepest_late_.get(), deepest_reordered_.get(), in_fragments_.get(),
            last_refused_.get(), last_behind_.get()};
  }

 private:
  Counter late_, repeated_, reordered_, deepest_late_, deepest_reordered_, in_fragments_;
  Counter last_refused_, last_behind_;
};

// Drops by reason with one writer: a lane's own are published once per turn, a peer's are added.
class DropBoard {
 public:
  void add(Drop reason) { counters_[static_cast<std::size_t>(reason)].add(1); }
  void publish(const DropCounters& drops) {
    for (std::size_t i = 0; i < drop_reasons; ++i) counters_[i].set(drops.by_reason[i]);
  }
  [[nodiscard]] DropCounters read() const {
    DropCounters drops;
    for (std::size_t i = 0; i < drop_reasons; ++i) drops.by_reason[i] = counters_[i].get();
    return drops;
  }

 private:
  std::array<Counter, drop_reasons> counters_;
};

}  // namespace adit::plane
