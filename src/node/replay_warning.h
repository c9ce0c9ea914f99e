#pragma once

#include "base/drop.h"
#include "base/log.h"

namespace adit::node {

// Replayed data packets, told now and then in one line for all that came meanwhile; packets may be
// many and the log is not. source: stock's line of packet ids, mute-replay-warnings
class ReplayWarning {
 public:
  explicit ReplayWarning(bool muted) : muted_(muted) {}

  // drops: all so far
  void look(const DropCounters& drops, const Log& log);

 private:
  bool muted_;
  std::uint64_t told_ = 0;
};

}  // namespace adit::node
