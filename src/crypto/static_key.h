#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/rng.h"
#include "base/secret.h"

namespace adit::crypto {

// 256 bytes: two slots, each a 64-byte cipher area and a 64-byte HMAC area.
class StaticKey {
 public:
  static constexpr std::size_t size = 256;

  StaticKey() = default;
  explicit StaticKey(Bytes bytes) : bytes_(bytes) {}

  // slot 0 or 1
  [[nodiscard]] Bytes cipher_area(int slot) const {
    return bytes_.part(static_cast<std::size_t>(slot) * 128, 64);
  }
  [[nodiscard]] Bytes hmac_area(int slot) const {
    return bytes_.part(static_cast<std::size_t>(slot) * 128 + 64, 64);
  }
  [[nodiscard]] Bytes bytes() const { return bytes_.bytes(); }
  [[nodiscard]] MutableBytes writable() { return bytes_.writable(); }

  // The text between the BEGIN and END lines of an "OpenVPN Static key V1" file or inline block.
  [[nodiscard]] static Result<StaticKey> parse(std::string_view text);
  [[nodiscard]] static StaticKey generate(Rng& rng);
  [[nodiscard]] std::string render() const;

  [[nodiscard]] StaticKey exclusive_or(const StaticKey& other) const;

 private:
  Secret<size> bytes_;
};

// "-----BEGIN <label>-----" base64 "-----END <label>-----"
[[nodiscard]] Result<Buffer> parse_pem(std::string_view text, std::string_view label);
[[nodiscard]] std::string render_pem(Bytes bytes, std::string_view label);

}  // namespace adit::crypto
