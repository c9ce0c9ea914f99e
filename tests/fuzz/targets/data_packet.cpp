// Data packets under every format: any bytes opened; and packets we sealed, damaged on their way,
// which must not open unless they are what was sealed; what was sealed opens once.
//
//   format | any bytes as a piece | two payloads as pieces | damage

#include <algorithm>

#include "tests/fuzz/fixtures.h"
#include "tests/fuzz/input.h"
#include "tests/sim/seeded_rng.h"

namespace adit::fuzz {

namespace {

std::unique_ptr<crypto::Opener> opener_of(const NamedFormat& named) {
  auto made = crypto::Opener::make(named.format, data_keys(), crypto::ReplayWindow());
  ADIT_ASSERT(made.has_value());
  return std::move(*made);
}

struct Tried {
  Drop verdict;
  Buffer payload;
};

Tried open(crypto::Opener& opener, Bytes bytes) {
  Buffer storage = to_buffer(bytes);
  Packet packet(storage, 0, storage.size());
  std::array<crypto::Opening, 1> run{crypto::Opening{&packet}};
  opener.open(run, start_of_time);
  return {run[0].verdict, to_buffer(packet.bytes())};
}

Buffer seal(const NamedFormat& named, crypto::Sealer& sealer, Bytes payload) {
  const auto overhead = crypto::overhead_of(named.format);
  Buffer storage(overhead.front + payload.size() + overhead.back);
  Packet packet(storage, 0, 0);
  packet.assign(payload, overhead.front);
  std::array<Packet*, 1> run{&packet};
  ADIT_ASSERT(sealer.seal(run, static_cast<std::uint32_t>(epoch_wall.seconds)) == 1);
  ADIT_ASSERT(packet.front_room() == 0);
  return to_buffer(packet.bytes());
}

void try_any(const NamedFormat& named, Bytes bytes) {
  const Tried tried = open(*opener_of(named), bytes);
  ADIT_ASSERT(tried.verdict != Drop::none || tried.payload.size() < bytes.size());
  ADIT_ASSERT(tried.verdict != Drop::none || !named.authenticates);
}

bool same_but_for_header(const NamedFormat& named, const Buffer& a, const Buffer& b) {
  const std::size_t free = named.header_is_protected ? 0 : named.format.header_bytes();
  return a.size() == b.size() && same(Bytes(a).subspan(free), Bytes(b).subspan(free));
}

void expect_opens(crypto::Opener& opener, const Buffer& packet, Bytes payload) {
  const Tried tried = open(opener, packet);
  ADIT_ASSERT(tried.verdict == Drop::none && std::ranges::equal(tried.payload, payload));
  ADIT_ASSERT(open(opener, packet).verdict == Drop::replayed);
}

}  // namespace

void try_input(Bytes bytes) {
  Input input(bytes);
  const NamedFormat& named = input.pick(data_formats());
  try_any(named, input.piece());

  sim::SeededRng rng(5);
  const auto sealer = std::move(*crypto::Sealer::make(named.format, data_keys(), rng));
  const Bytes first = input.piece();
  const Bytes second = input.piece();
  if (first.empty() || second.empty()) return;
  const Buffer early = seal(named, *sealer, first);
  const Buffer late = seal(named, *sealer, second);

  const auto opener = opener_of(named);
  Buffer damaged = input.flag() ? early : late;
  damage(damaged, input);
  if (!same_but_for_header(named, damaged, early) && !same_but_for_header(named, damaged, late)) {
    if (open(*opener, damaged).verdict == Drop::none) {
      ADIT_ASSERT(!named.authenticates);
      return;  // it moved the window
    }
  }
  // What is refused leaves no trace: both still open, in either order.
  expect_opens(*opener, late, second);
  expect_opens(*opener, early, first);
}

}  // namespace adit::fuzz
