#pragma once

#include <optional>

#include "base/result.h"
#include "base/rng.h"
#include "base/time.h"
#include "crypto/static_key.h"

namespace adit::crypto {

inline constexpr std::string_view tls_crypt_v2_server_label = "OpenVPN tls-crypt-v2 server key";
inline constexpr std::string_view tls_crypt_v2_client_label = "OpenVPN tls-crypt-v2 client key";

// What the server finds in a client's wrapped key.
struct UnwrappedClientKey {
  StaticKey key;
  Buffer metadata;  // type byte and value; may be empty
};

struct TlsCryptV2ClientKey {
  StaticKey key;
  Buffer wrapped;  // WKc, opaque to the client

  [[nodiscard]] static Result<TlsCryptV2ClientKey> parse(std::string_view pem);
  [[nodiscard]] std::string render() const;
};

class TlsCryptV2ServerKey {
 public:
  static constexpr std::size_t size = 128;

  [[nodiscard]] static Result<TlsCryptV2ServerKey> parse(std::string_view pem);
  [[nodiscard]] static TlsCryptV2ServerKey generate(Rng& rng);
  [[nodiscard]] std::string render() const;

  // metadata: type byte and value, at most 734 bytes
  [[nodiscard]] Result<TlsCryptV2ClientKey> wrap(const StaticKey& client_key, Bytes metadata) const;
  // wkc: exactly the wrapped key with its trailing length. Nothing when it is not ours.
  [[nodiscard]] std::optional<UnwrappedClientKey> unwrap(Bytes wkc) const;

 private:
  [[nodiscard]] Bytes cipher_key() const { return bytes_.part(0, 32); }
  [[nodiscard]] Bytes hmac_key() const { return bytes_.part(64, 32); }

  Secret<size> bytes_;
};

// Metadata of type 1: when the key was made.
[[nodiscard]] Buffer timestamp_metadata(WallTime now);
// When a key was made; nothing: its metadata is something else.
[[nodiscard]] std::optional<WallTime> time_of_metadata(Bytes metadata);
// Metadata of type 0: free bytes.
[[nodiscard]] Buffer user_metadata(Bytes bytes);

// The WKc at the end of an opcode 10 or 11 datagram. It never reaches into the first byte, and its
// length field must be within 290..1024. (CVE-2026-35058)
[[nodiscard]] std::optional<std::size_t> wkc_length(Bytes datagram);

}  // namespace adit::crypto
