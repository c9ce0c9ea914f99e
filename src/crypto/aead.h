#pragma once

#include <array>
#include <memory>
#include <span>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/cipher.h"

namespace adit::crypto {

class LaneEngine;

inline constexpr std::size_t aead_tag_bytes = 16;
inline constexpr std::size_t aead_nonce_bytes = 12;
using AeadNonce = std::array<std::uint8_t, aead_nonce_bytes>;

// One packet of a run.
struct AeadItem {
  AeadNonce nonce;
  std::uint32_t additional_bytes;
  const std::uint8_t* additional;
  std::uint8_t* text;  // encrypted and decrypted in place
  std::size_t text_bytes;
  std::uint8_t* tag;  // written when sealing, read when opening
  bool authentic;     // said when opening; false: the text is poison
};

// One AEAD key in one direction. One owner thread.
class AeadKey {
 public:
  enum class Use { seal, open };

  // engine  must outlive the key and be the owner thread's; nullptr: OpenSSL does it
  [[nodiscard]] static Result<std::unique_ptr<AeadKey>> make(const Cipher& cipher, Bytes key,
                                                             Use use, LaneEngine* engine);
  virtual ~AeadKey() = default;

  virtual void seal(std::span<AeadItem> run) = 0;
  virtual void open(std::span<AeadItem> run) = 0;
  // Asks for the key's memory ahead of its use.
  virtual void prefetch() const {}
};

// Packets gathered for one call.
class AeadRun {
 public:
  static constexpr std::size_t most = 64;

  // Where the next one is described; add() takes it in.
  [[nodiscard]] AeadItem& next() { return items_[size_]; }
  void add() { ++size_; }
  void clear() { size_ = 0; }
  [[nodiscard]] bool full() const { return size_ == most; }
  [[nodiscard]] std::span<AeadItem> items() { return std::span(items_).first(size_); }

 private:
  std::array<AeadItem, most> items_;  // not cleared: it is made for every run
  std::size_t size_ = 0;
};

}  // namespace adit::crypto
