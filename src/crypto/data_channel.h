#pragma once

#include <memory>
#include <optional>
#include <span>

#include "base/drop.h"
#include "base/packet.h"
#include "base/result.h"
#include "base/rng.h"
#include "crypto/cipher.h"
#include "crypto/digest.h"
#include "crypto/key_derivation.h"
#include "crypto/replay_window.h"

namespace adit::crypto {

class LaneEngine;

// How one key state's data packets look. Both ends agree on it before keys are made.
struct DataFormat {
  enum class Header : std::uint8_t {
    none,  // static key mode: no first byte
    v1,    // first byte
    v2,    // first byte and 24-bit peer id
  };
  const Cipher* cipher = nullptr;
  std::optional<Digest> digest;  // CBC and none; absent: no HMAC
  Header header = Header::v2;
  std::uint8_t key_id = 0;
  std::uint32_t peer_id = 0;
  bool epoch = false;    // AEAD with header v2 only
  bool long_id = false;  // static key mode: packet id and time

  [[nodiscard]] std::size_t header_bytes() const {
    return header == Header::v2 ? 4 : header == Header::v1 ? 1 : 0;
  }
};

// Bytes a format adds, and room needed in front of and behind the payload.
struct DataOverhead {
  std::size_t front = 0;
  std::size_t back = 0;
};
[[nodiscard]] DataOverhead overhead_of(const DataFormat& format);

// What must outlive a process of a sending key.
struct SealState {
  std::uint64_t next_packet_id = 1;  // within the epoch, if epochs are on
  std::uint16_t epoch = 1;
  std::uint64_t sealed = 0;  // packets ever sealed, for usage limits
  std::uint64_t blocks = 0;
};

// Seals one peer's outgoing packets under one key state, in order. One owner thread.
class Sealer {
 public:
  // rng     initial vectors of CBC; must outlive the sealer and be safe in the owner's thread
  // engine  must outlive the sealer and be the owner thread's; nullptr: OpenSSL
  [[nodiscard]] static Result<std::unique_ptr<Sealer>> make(const DataFormat& format,
                                                            const DirectionKeys& keys, Rng& rng,
                                                            const SealState& start = {},
                                                            LaneEngine* engine = nullptr);
  virtual ~Sealer() = default;

  // Seals in place from the front; returns how many were sealed. Fewer than given means that the
  // key is used up. Each packet needs overhead_of(format) as room.
  //
  // now_unix  for the time field of the long form; unused otherwise
  [[nodiscard]] virtual std::size_t seal(std::span<Packet* const> run, std::uint32_t now_unix) = 0;
  [[nodiscard]] virtual SealState state() const = 0;
  // Epoch format: go on at this epoch or later. Ignored by the others.
  virtual void raise_epoch(std::uint16_t) {}
  // Asks for the memory seal() will touch. Worth calling for each peer of a batch before the first
  // seal() when there are a thousand peers and more.
  virtual void prefetch() const {}
};

// What must outlive a process of a receiving key.
struct OpenState {
  std::uint16_t epoch = 1;
  ReplayWindow::State window;
  std::uint64_t failed = 0;  // packets whose tag was wrong
  std::uint64_t opened = 0;
  std::uint64_t blocks = 0;
};

struct Opening {
  Packet* packet;
  Drop verdict = Drop::none;
  std::uint64_t id = 0;      // packet id, once it is known
  std::uint64_t behind = 0;  // how far it came behind the newest one
};

// Opens one peer's incoming packets under one key state. One owner thread.
class Opener {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Opener>> make(const DataFormat& format,
                                                            const DirectionKeys& keys,
                                                            const ReplayWindow& fresh_window,
                                                            LaneEngine* engine = nullptr);
  virtual ~Opener() = default;

  // Opens in place: on success the packet has shrunk to its payload; otherwise it is poison.
  //   malformed, bad_tag, replayed, late   the sender's doing: count and stay silent
  virtual void open(std::span<Opening> run, Instant now) = 0;
  [[nodiscard]] virtual OpenState state() const = 0;
  virtual void restore(const OpenState& state, Instant now) = 0;
  [[nodiscard]] virtual std::uint64_t blocks() const = 0;  // opened under the current key
  [[nodiscard]] virtual std::uint16_t epoch() const { return 0; }
  // Of the long form: the newest time << 32 | id; 0: another form, or nothing was opened.
  [[nodiscard]] virtual std::uint64_t newest_long_id() const { return 0; }
  virtual void prefetch() const {}  // as Sealer's
};

// AEAD usage limits. source: wire protocol 10.8.
inline constexpr std::uint64_t gcm_usage_limit = (std::uint64_t{1} << 36) - 1;
inline constexpr std::uint64_t gcm_usage_renegotiate = 60129542137;  // 7/8, as 2.7 computes it
inline constexpr std::uint64_t failed_tags_renegotiate = std::uint64_t{1} << 35;
inline constexpr std::uint64_t failed_tags_limit = std::uint64_t{1} << 36;
inline constexpr std::uint64_t packet_id_renegotiate = 0xFF000000;
inline constexpr std::uint16_t epoch_renegotiate = 0xF000;

}  // namespace adit::crypto
