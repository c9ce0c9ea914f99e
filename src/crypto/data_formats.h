#pragma once

// The formats behind Sealer and Opener; one file each.

#include "crypto/data_channel.h"
#include "wire/opcode.h"

namespace adit::crypto {

inline constexpr std::uint64_t last_packet_id = 0xFFFFFFFF;  // of 32 bits

Result<std::unique_ptr<Sealer>> make_aead_sealer(const DataFormat&, const DirectionKeys&,
                                                 const SealState&, LaneEngine*);
Result<std::unique_ptr<Opener>> make_aead_opener(const DataFormat&, const DirectionKeys&,
                                                 const ReplayWindow&, LaneEngine*);
Result<std::unique_ptr<Sealer>> make_epoch_sealer(const DataFormat&, const DirectionKeys&,
                                                  const SealState&, LaneEngine*);
Result<std::unique_ptr<Opener>> make_epoch_opener(const DataFormat&, const DirectionKeys&,
                                                  const ReplayWindow&, LaneEngine*);
Result<std::unique_ptr<Sealer>> make_cbc_sealer(const DataFormat&, const DirectionKeys&, Rng&,
                                                const SealState&, LaneEngine*);
Result<std::unique_ptr<Opener>> make_cbc_opener(const DataFormat&, const DirectionKeys&,
                                                const ReplayWindow&, LaneEngine*);

// First byte and peer id of the format, header_bytes() of them.
inline void write_data_header(const DataFormat& format, std::uint8_t* at) {
  if (format.header == DataFormat::Header::v1) {
    at[0] = wire::head_byte(wire::Opcode::data_v1, format.key_id);
  } else if (format.header == DataFormat::Header::v2) {
    store_u32(at, std::uint32_t{wire::head_byte(wire::Opcode::data_v2, format.key_id)} << 24 |
                      (format.peer_id & 0xFFFFFFu));
  }
}

// 16-byte blocks as the usage limits count them: additional data and text, rounded up.
constexpr std::uint64_t usage_blocks(std::size_t additional, std::size_t text) {
  return (additional + 15) / 16 + (text + 15) / 16;
}

}  // namespace adit::crypto
