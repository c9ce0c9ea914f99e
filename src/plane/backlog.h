#pragma once

#include <cstddef>

#include "base/time.h"

namespace adit::plane {

// Tells when too much waits in the tun. Its queue counts packets whatever their size, so it holds
// tens of megabytes, and a TCP sender that never loses anything fills it: everybody behind waits
// for milliseconds. After so many bytes without a pause one sender should hear of it.
//
// source: the aim is that of RFC 8289 (CoDel); the device does not tell how long a packet has
// waited, so bytes stand in for time.
class Backlog {
 public:
  static constexpr std::size_t most_bytes = 5'000'000;
  // Between two signals: time for the senders to hear the first.
  static constexpr Duration interval = std::chrono::milliseconds(20);

  // After each read of the tun, with the bytes it gave; 0: it was empty.
  [[nodiscard]] bool after_read(std::size_t bytes, Instant now) {
    waited_ = bytes == 0 ? 0 : waited_ + bytes;
    if (waited_ < most_bytes || now < next_) return false;
    waited_ = 0;
    next_ = now + interval;
    return true;
  }

 private:
  std::size_t waited_ = 0;
  Instant next_ = Instant::min();
};

}  // namespace adit::plane
