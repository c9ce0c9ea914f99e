#pragma once

#include <array>

#include "base/drop.h"
#include "base/packet.h"
#include "base/time.h"
#include "wire/fragment.h"

namespace adit::plane {

// How a payload is cut: count pieces, all but the last of size bytes.
struct FragmentPlan {
  std::size_t count = 1;
  std::size_t size = 0;  // a multiple of 4 when count > 1
};
// most: payload bytes that fit into one datagram. Nothing: it would take more than 32 pieces.
// source: wire protocol 13.1, sender
[[nodiscard]] std::optional<FragmentPlan> plan_fragments(std::size_t length, std::size_t most);

// Puts pieces of one peer together. It keeps 25 packets at most, none larger than `largest`, and
// forgets a packet that had no piece for 10 s. All memory is taken at once.
// source: wire protocol 13.1, receiver
class Reassembler {
 public:
  explicit Reassembler(std::size_t largest);

  enum class Verdict { complete, waiting, refused };
  // packet: one payload with its fragment header. complete: it holds the whole payload now, without
  // the header; it must have room for `largest` bytes behind its room in front.
  [[nodiscard]] Verdict take(Packet& packet, std::size_t room_in_front, Instant now);

 private:
  static constexpr int window = 25;
  struct Slot {
    bool used = false;
    std::uint32_t present = 0;  // one bit for each piece
    std::size_t piece = 0;      // bytes of all pieces but the last
    std::size_t length = 0;     // as far as written
    Instant last;
    Buffer bytes;
  };

  Slot& slot_of(std::uint8_t sequence);

  std::size_t largest_;
  std::array<Slot, 32> slots_;  // by sequence modulo 32
  std::uint8_t newest_ = 0;
};

// What a peer with "fragment" has: one half for each lane.
struct Fragments {
  explicit Fragments(std::size_t largest) : in(largest) {}

  std::uint8_t sequence = 0;   // up lane
  alignas(64) Reassembler in;  // down lane
};

}  // namespace adit::plane
