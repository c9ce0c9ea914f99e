#pragma once

#include <cstdint>
#include <optional>

namespace adit::wire {

// source: wire protocol, first byte = opcode << 3 | key id
enum class Opcode : std::uint8_t {
  hard_reset_client_v1 = 1,  // key method 1, dead
  hard_reset_server_v1 = 2,  // dead
  soft_reset_v1 = 3,
  control_v1 = 4,
  ack_v1 = 5,
  data_v1 = 6,
  hard_reset_client_v2 = 7,
  hard_reset_server_v2 = 8,
  data_v2 = 9,
  hard_reset_client_v3 = 10,
  control_wkc_v1 = 11,
};

struct Head {
  Opcode opcode;
  std::uint8_t key_id;  // 0..7
};

inline constexpr std::uint8_t key_id_count = 8;

constexpr std::uint8_t head_byte(Opcode opcode, std::uint8_t key_id) {
  return static_cast<std::uint8_t>(static_cast<unsigned>(opcode) << 3 | (key_id & 7u));
}
// Nothing for opcodes that this protocol does not know or no longer speaks.
constexpr std::optional<Head> parse_head(std::uint8_t byte) {
  const unsigned opcode = byte >> 3;
  if (opcode < 3 || opcode > 11) return std::nullopt;
  return Head{static_cast<Opcode>(opcode), static_cast<std::uint8_t>(byte & 7u)};
}
constexpr bool is_data(Opcode opcode) {
  return opcode == Opcode::data_v1 || opcode == Opcode::data_v2;
}
constexpr bool is_client_reset(Opcode opcode) {
  return opcode == Opcode::hard_reset_client_v2 || opcode == Opcode::hard_reset_client_v3;
}
constexpr bool is_hard_reset(Opcode opcode) {
  return is_client_reset(opcode) || opcode == Opcode::hard_reset_server_v2;
}
constexpr bool carries_wkc(Opcode opcode) {
  return opcode == Opcode::hard_reset_client_v3 || opcode == Opcode::control_wkc_v1;
}
// key id 0 first, then 1..7, 1..7, ...: 0 never returns within a session
constexpr std::uint8_t next_key_id(std::uint8_t key_id) {
  return static_cast<std::uint8_t>(key_id == 7 ? 1 : key_id + 1);
}

const char* name(Opcode opcode);

}  // namespace adit::wire
