#pragma once

#include "base/secret.h"
#include "wire/key_method2.h"
#include "wire/session_id.h"

namespace adit::crypto {

inline constexpr std::string_view exporter_label_data_keys = "EXPORTER-OpenVPN-datakeys";
inline constexpr std::string_view exporter_label_dynamic_tls_crypt =
    "EXPORTER-OpenVPN-dynamic-tls-crypt";
inline constexpr std::string_view exporter_label_p2p_peer_id = "EXPORTER-OpenVPN-p2p-peerid";

// One direction's key material: a cipher key, and an HMAC key or an implicit IV.
struct DirectionKeys {
  Secret<64> cipher;
  Secret<64> hmac;
};

// The 256 bytes every data key state derives, client to server first.
class DataKeyMaterial {
 public:
  static constexpr std::size_t size = 256;

  DataKeyMaterial() = default;
  explicit DataKeyMaterial(Bytes bytes) : bytes_(bytes) {}

  [[nodiscard]] DirectionKeys client_to_server() const { return part(0); }
  [[nodiscard]] DirectionKeys server_to_client() const { return part(128); }
  [[nodiscard]] Bytes bytes() const { return bytes_.bytes(); }
  [[nodiscard]] MutableBytes writable() { return bytes_.writable(); }

 private:
  [[nodiscard]] DirectionKeys part(std::size_t at) const {
    return {Secret<64>(bytes_.part(at, 64)), Secret<64>(bytes_.part(at + 64, 64))};
  }
  Secret<size> bytes_;
};

// TLS 1.0 PRF derivation for peers without exporter support. The session ids belong to the TLS
// roles. source: wire protocol 5.2, vector key-method2-prf.
[[nodiscard]] DataKeyMaterial derive_with_prf(const wire::KeySource& client,
                                              const wire::KeySource& server,
                                              const wire::SessionId& client_session,
                                              const wire::SessionId& server_session);
// P_MD5 xor P_SHA1; exposed for the vectors.
void tls1_prf(Bytes secret, std::string_view label, Bytes seed, MutableBytes out);

// Epoch keys of the 2.7 data format. source: wire protocol 10.7, vector data-aead-epoch.
using EpochSecret = Secret<32>;
struct EpochKey {
  Secret<32> key;  // the first key_bytes count
  Secret<12> implicit_iv;
};
[[nodiscard]] EpochSecret next_epoch_secret(const EpochSecret& secret);
[[nodiscard]] EpochKey epoch_key(const EpochSecret& secret, std::size_t key_bytes);

}  // namespace adit::crypto
