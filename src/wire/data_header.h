#pragma once

#include <optional>

#include "base/bytes.h"
#include "wire/opcode.h"

namespace adit::wire {

inline constexpr std::uint32_t peer_id_none = 0xFFFFFF;

struct DataHeader {
  std::uint8_t key_id = 0;
  bool has_peer_id = false;
  std::uint32_t peer_id = peer_id_none;

  [[nodiscard]] std::size_t size() const { return has_peer_id ? 4 : 1; }
};

// Nothing unless the packet is P_DATA_V1 or P_DATA_V2 with at least its header.
inline std::optional<DataHeader> decode_data_header(Bytes packet) {
  if (packet.empty()) return std::nullopt;
  const auto head = parse_head(packet[0]);
  if (!head || !is_data(head->opcode)) return std::nullopt;
  if (head->opcode == Opcode::data_v1) return DataHeader{head->key_id, false, peer_id_none};
  if (packet.size() < 4) return std::nullopt;
  return DataHeader{head->key_id, true, load_u32(packet.data()) & 0xFFFFFFu};
}

}  // namespace adit::wire
