// Pieces of packets from a peer that lies: what comes together is never larger than agreed, whole
// packets pass, and a packet that we cut comes together whatever was sent before it.
//
//   pieces: seconds passed, piece | 0 seconds and an empty piece | a packet to cut

#include "plane/fragments.h"

#include "plane/lane.h"
#include "tests/fuzz/fixtures.h"
#include "tests/fuzz/input.h"

namespace adit::fuzz {

namespace {

constexpr std::size_t largest = 1500;
using Verdict = plane::Reassembler::Verdict;

class Receiver {
 public:
  Verdict take(Bytes bytes) {
    packet().assign(bytes.first(std::min(bytes.size(), largest)), plane::front_room);
    const Verdict verdict = reassembler_.take(packet(), plane::front_room, now_);
    ADIT_ASSERT(verdict != Verdict::complete || packet().size() <= largest);
    return verdict;
  }
  void pass(std::uint8_t seconds) { now_ += std::chrono::seconds(seconds); }
  Packet& packet() { return pool_[0]; }

 private:
  plane::PacketPool pool_{largest};
  plane::Reassembler reassembler_{largest};
  Instant now_ = start_of_time;
};

Buffer piece_of(Bytes whole, const plane::FragmentPlan& plan, std::size_t number,
                std::uint8_t sequence) {
  using Type = wire::FragmentHeader::Type;
  const bool last = number + 1 == plan.count;
  const std::size_t at = number * plan.size;
  Buffer bytes(wire::fragment_header_bytes);
  store_u32(bytes.data(), wire::encode_fragment_header({last ? Type::last : Type::part, sequence,
                                                        static_cast<std::uint8_t>(number),
                                                        static_cast<std::uint32_t>(plan.size)}));
  const Bytes data = whole.subspan(at, std::min(plan.size, whole.size() - at));
  bytes.insert(bytes.end(), data.begin(), data.end());
  return bytes;
}

}  // namespace

void try_input(Bytes bytes) {
  Input input(bytes);
  Receiver receiver;
  while (!input.empty()) {
    receiver.pass(input.u8());
    const Bytes piece = input.piece();
    if (piece.empty()) break;
    static_cast<void>(receiver.take(piece));
  }
  const std::size_t most = 68 + input.u8();
  const std::uint8_t sequence = input.u8();
  const Bytes whole = input.take(largest);
  const auto plan = plane::plan_fragments(whole.size(), most);
  if (!plan || plan->count < 2) return;
  ADIT_ASSERT(plan->size <= most && plan->count <= 32);
  receiver.pass(10);  // a half of the same number is too old by now
  for (std::size_t number = 0; number < plan->count; ++number) {
    const bool last = number + 1 == plan->count;
    const Verdict verdict = receiver.take(piece_of(whole, *plan, number, sequence));
    ADIT_ASSERT(verdict == (last ? Verdict::complete : Verdict::waiting));
  }
  ADIT_ASSERT(std::ranges::equal(receiver.packet().bytes(), whole));
}

}  // namespace adit::fuzz
