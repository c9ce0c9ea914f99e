#include "session/renewal.h"

namespace adit::session {

void Renewal::start(const Setup& setup, Instant key_started) {
  at_ = Instant::max();
  if (setup.reneg <= Duration::zero()) return;
  const auto spread = static_cast<std::uint64_t>((setup.reneg - setup.reneg_min).count());
  at_ = key_started + setup.reneg_min + Duration(setup.rng->below(spread + 1));
}

void Renewal::note(const Setup& setup, const KeyUsage& usage) {
  const std::uint64_t most_bytes =
      usage.small_blocks ? setup.reneg_bytes_small_blocks : setup.reneg_bytes;
  const bool bytes = most_bytes > 0 && usage.bytes >= most_bytes;
  const bool packets = setup.reneg_packets > 0 && usage.packets >= setup.reneg_packets;
  if (bytes || packets || usage.limit_near) at_ = Instant::min();
}

}  // namespace adit::session
