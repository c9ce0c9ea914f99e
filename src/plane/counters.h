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

// One direction of one peer; padded, so that the lanes do not share cache lines.
struct alignas(64) Flow {
  Counter packets;       // data packets, pings included
  Counter link_bytes;    // as they are on the wire
  Counter inside_bytes;  // user traffic
  LastMoment last;
};

// One lane's drops, published once per turn.
class DropBoard {
 public:
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
