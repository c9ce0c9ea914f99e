// What stands in front of and inside data payloads: data header, fragment header, ping, OCC.

#include <algorithm>

#include "tests/fuzz/input.h"
#include "wire/data_header.h"
#include "wire/fragment.h"
#include "wire/inside_message.h"

namespace adit::fuzz {

namespace {

void try_fragment(std::uint32_t word) {
  const auto header = wire::decode_fragment_header(word);
  if (!header) return;
  ADIT_ASSERT(header->number < 32 && header->size % 4 == 0);
  const std::uint32_t again = wire::encode_fragment_header(*header);
  // The three highest bits mean nothing, and only the last part states a size.
  const bool last = header->type == wire::FragmentHeader::Type::last;
  ADIT_ASSERT(again == (word & (last ? 0x1FFFFFFFu : 0x7FFFu)));
}

void try_message(Bytes payload) {
  const auto message = wire::decode_occ(payload);
  ADIT_ASSERT(!message || !wire::is_ping(payload));
  if (!message) return;
  const auto type = static_cast<wire::OccType>(message->type);
  ADIT_ASSERT(std::ranges::equal(wire::encode_occ(type, message->rest), payload));
}

}  // namespace

void try_input(Bytes input) {
  if (const auto header = wire::decode_data_header(input)) {
    ADIT_ASSERT(header->size() <= input.size());
    ADIT_ASSERT(header->has_peer_id ? header->peer_id <= wire::peer_id_none
                                    : header->peer_id == wire::peer_id_none);
    try_message(input.subspan(header->size()));
  }
  if (input.size() >= 4) try_fragment(load_u32(input.data()));
  try_message(input);
}

}  // namespace adit::fuzz
