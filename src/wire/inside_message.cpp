#include "wire/inside_message.h"

#include <algorithm>

namespace adit::wire {

bool is_ping(Bytes payload) { return std::ranges::equal(payload, ping_message); }

bool has_occ_magic(Bytes payload) {
  return payload.size() >= occ_magic.size() &&
         std::ranges::equal(payload.first(occ_magic.size()), occ_magic);
}

std::optional<OccMessage> decode_occ(Bytes payload) {
  if (payload.size() <= occ_magic.size() || !has_occ_magic(payload)) return std::nullopt;
  return OccMessage{payload[occ_magic.size()], payload.subspan(occ_magic.size() + 1)};
}

Buffer encode_occ(OccType type, Bytes rest) {
  Buffer message(occ_magic.begin(), occ_magic.end());
  message.push_back(static_cast<std::uint8_t>(type));
  message.insert(message.end(), rest.begin(), rest.end());
  return message;
}

}  // namespace adit::wire
