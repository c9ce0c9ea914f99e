#include "node/replay_warning.h"

#include "node/lines.h"

namespace adit::node {

void ReplayWarning::look(const DropCounters& drops, const Log& log) {
  const std::uint64_t replayed = drops.of(Drop::replayed);
  const std::uint64_t fresh = replayed - told_;
  told_ = replayed;
  if (fresh > 0 && !muted_) log.warn("{}", lines::replayed_packets(fresh));
}

}  // namespace adit::node
