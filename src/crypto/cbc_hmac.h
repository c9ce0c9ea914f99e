#pragma once

#include <memory>
#include <span>

#include "base/bytes.h"

namespace adit::crypto {

// One packet of a run: the initial vector, and right behind it the text, padded to whole blocks.
struct CbcItem {
  std::uint8_t* iv;
  std::size_t text_bytes;  // at most CbcHmacKey::most_text
  std::uint8_t* mac;       // written when sealing, read when opening
  bool authentic;          // said when opening; false: the text is poison
};

// AES-CBC in place, and the HMAC of initial vector and ciphertext, for whole runs. One owner
// thread.
class CbcHmacKey {
 public:
  static constexpr std::size_t most_packets = 64;
  static constexpr std::size_t most_text = 32768;
  // From here on a run is faster than its packets one by one with OpenSSL: measured with AVX2 and
  // AVX512, where lanes that stay empty cost as much as full ones.
  static constexpr std::size_t worthwhile_packets = 4;

  virtual ~CbcHmacKey() = default;
  // run: at most most_packets
  virtual void seal(std::span<CbcItem> run) = 0;
  virtual void open(std::span<CbcItem> run) = 0;
  virtual void prefetch() const = 0;
};

}  // namespace adit::crypto
