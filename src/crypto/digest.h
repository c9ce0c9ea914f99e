#pragma once

#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace adit::crypto {

struct Digest {
  std::string name;  // as OpenVPN shows it: SHA1, SHA256, ...
  std::size_t bytes = 0;
};
inline constexpr std::size_t digest_bytes_max = 64;

// By any spelling OpenSSL knows; nothing for unknown names and for "none".
[[nodiscard]] std::optional<Digest> find_digest(std::string_view name);
std::vector<Digest> all_digests();

// A keyed MAC state, reused for every message. One owner thread.
class Hmac {
 public:
  Hmac(const Digest& digest, Bytes key);
  ~Hmac();
  Hmac(Hmac&&) noexcept;
  Hmac& operator=(Hmac&&) noexcept;

  // out: exactly the digest's bytes
  void compute(std::initializer_list<Bytes> parts, MutableBytes out);
  [[nodiscard]] bool verify(std::initializer_list<Bytes> parts, Bytes expected);
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  struct State;
  std::unique_ptr<State> state_;
  std::size_t bytes_;
};

void sha256(Bytes message, MutableBytes out);
void md5(Bytes message, MutableBytes out);  // 16 bytes; for protocols that know nothing better

}  // namespace adit::crypto
