#pragma once

#include <array>

#include "node/gate.h"

namespace adit::node {

// Whom a first packet was answered lately: a client that does not get the answer sends its packet
// again. Holds a few at most, and believes nobody much: a sender's address may be forged.
class AnsweredResets {
 public:
  // The first packet of this sender is answered now. True, once for each: it was answered before.
  [[nodiscard]] bool came_again(const ip::Endpoint& from, Instant now);

 private:
  struct Entry {
    ip::Endpoint from;
    Instant first = Instant::min();
    bool told = false;
  };
  std::array<Entry, 16> entries_;
  std::size_t next_ = 0;
  RateLimit lines_{10, std::chrono::seconds(10)};
};

}  // namespace adit::node
