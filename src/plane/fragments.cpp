#include "plane/fragments.h"

#include <algorithm>
#include <cstring>

namespace adit::plane {

namespace {

constexpr std::size_t most_pieces = 32;
constexpr Duration patience = std::chrono::seconds(10);

constexpr std::size_t round_down(std::size_t n) { return n / 4 * 4; }
constexpr std::size_t round_up(std::size_t n) { return (n + 3) / 4 * 4; }

}  // namespace

// Pieces are made similar in length rather than full with a small rest.
std::optional<FragmentPlan> plan_fragments(std::size_t length, std::size_t most) {
  if (length <= most) return FragmentPlan{1, length};
  std::size_t size = round_down(most);
  if (size == 0) return std::nullopt;
  const std::size_t whole = length / size;
  const std::size_t rest = length % size;
  if (rest > 0 && rest < size * 3 / 4) {
    size = std::min(size, round_up(size - (size - rest) / (whole + 1)));
  }
  const std::size_t count = (length + size - 1) / size;
  if (count > most_pieces) return std::nullopt;
  return FragmentPlan{count, size};
}

Reassembler::Reassembler(std::size_t largest) : largest_(largest) {
  for (Slot& slot : slots_) slot.bytes.resize(largest);
}

// A sequence far from the newest means that pieces of another time are here: all are forgotten.
Reassembler::Slot& Reassembler::slot_of(std::uint8_t sequence) {
  const auto forward = static_cast<std::uint8_t>(sequence - newest_);
  const int ahead = forward < 128 ? forward : forward - 256;
  if (ahead >= window || ahead <= -window) {
    for (Slot& slot : slots_) slot.used = false;
    newest_ = sequence;
  }
  for (; newest_ != sequence && ahead > 0 && ahead < window; ++newest_) {
    // What leaves the window on one side makes room on the other.
    slots_[static_cast<std::uint8_t>(newest_ + 1) % slots_.size()].used = false;
  }
  return slots_[sequence % slots_.size()];
}

Reassembler::Verdict Reassembler::take(Packet& packet, std::size_t room_in_front, Instant now) {
  if (packet.size() < wire::fragment_header_bytes) return Verdict::refused;
  const auto header = wire::decode_fragment_header(load_u32(packet.bytes().data()));
  if (!header) return Verdict::refused;
  packet.drop_front(wire::fragment_header_bytes);
  using Type = wire::FragmentHeader::Type;
  if (header->type == Type::whole) return Verdict::complete;

  const bool last = header->type == Type::last;
  const std::size_t piece = last ? header->size : packet.size();
  const std::size_t at = header->number * piece;
  const bool lies = piece == 0 || piece % 4 != 0 || packet.empty() || packet.size() > piece ||
                    at + packet.size() > largest_;
  if (lies) return Verdict::refused;

  Slot& slot = slot_of(header->sequence);
  if (!slot.used || slot.piece != piece || slot.last + patience <= now) {
    slot.used = true;
    slot.present = 0;
    slot.length = 0;
    slot.piece = piece;
  }
  slot.last = now;
  std::memcpy(&slot.bytes[at], packet.data(), packet.size());
  slot.length = std::max(slot.length, at + packet.size());
  slot.present |= last ? ~std::uint32_t{0} << header->number : std::uint32_t{1} << header->number;
  if (slot.present != ~std::uint32_t{0}) return Verdict::waiting;
  slot.used = false;
  packet.assign(Bytes(slot.bytes).first(slot.length), room_in_front);
  return Verdict::complete;
}

}  // namespace adit::plane
