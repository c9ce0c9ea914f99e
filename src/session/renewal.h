#pragma once

#include "session/setup.h"

namespace adit::session {

// What a key has been used for, as the data plane counts it.
struct KeyUsage {
  std::uint64_t bytes = 0;    // both directions
  std::uint64_t packets = 0;  // both directions
  bool limit_near = false;    // packet ids, AEAD usage or failed tags near their end
  bool small_blocks = false;  // of its cipher
};

// Whether keys may have to be renewed for what they carried, so that looking once in a while is
// not enough.
[[nodiscard]] inline bool limits_traffic(const Setup& setup) {
  return setup.reneg_bytes > 0 || setup.reneg_packets > 0 ||
         (setup.small_blocks && setup.reneg_bytes_small_blocks > 0);
}

// When the current key has to be replaced. source: wire protocol 3.8.
class Renewal {
 public:
  void start(const Setup& setup, Instant key_started);
  void stop() { at_ = Instant::max(); }
  void note(const Setup& setup, const KeyUsage& usage);
  void demand(Instant now) { at_ = now; }

  [[nodiscard]] bool due(Instant now) const { return at_ <= now; }
  [[nodiscard]] Deadline deadline() const { return {at_, "renegotiate"}; }

 private:
  Instant at_ = Instant::max();
};

}  // namespace adit::session
