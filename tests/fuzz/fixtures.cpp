#include "tests/fuzz/fixtures.h"

#include "base/assert.h"
#include "tests/sim/seeded_rng.h"

namespace adit::fuzz {

namespace {

template <typename T>
const T& made_once(std::uint64_t seed) {
  static const T made = [seed] {
    sim::SeededRng rng(seed);
    return T::generate(rng);
  }();
  return made;
}

}  // namespace

const crypto::StaticKey& static_key() { return made_once<crypto::StaticKey>(1); }

const crypto::TlsCryptV2ServerKey& v2_server_key() {
  return made_once<crypto::TlsCryptV2ServerKey>(2);
}

const crypto::TlsCryptV2ClientKey& v2_client_key() {
  static const crypto::TlsCryptV2ClientKey made = [] {
    sim::SeededRng rng(3);
    return *v2_server_key().wrap(crypto::StaticKey::generate(rng),
                                 crypto::timestamp_metadata(epoch_wall));
  }();
  return made;
}

namespace {

ControlPair tls_auth_pair(const char* name, const char* digest, bool directed) {
  const auto found = *crypto::find_digest(digest);
  const auto direction = [&](int side) { return directed ? std::optional(side) : std::nullopt; };
  return {name, crypto::make_tls_auth(found, static_key(), direction(1)),
          crypto::make_tls_auth(found, static_key(), direction(0)), true};
}

ControlPair tls_crypt_pair(const char* name, const crypto::StaticKey& key) {
  return {name, crypto::make_tls_crypt(key, false), crypto::make_tls_crypt(key, true), true};
}

}  // namespace

std::span<const ControlPair> control_pairs() {
  static const std::array<ControlPair, 7> pairs{
      ControlPair{"none", crypto::make_plain_control(), crypto::make_plain_control(), false},
      tls_auth_pair("tls-auth SHA1", "SHA1", true),
      tls_auth_pair("tls-auth SHA256 without direction", "SHA256", false),
      tls_auth_pair("tls-auth SHA512", "SHA512", true),
      tls_crypt_pair("tls-crypt", static_key()),
      tls_crypt_pair("tls-crypt-v2", v2_client_key().key),
      tls_crypt_pair("dynamic tls-crypt", v2_client_key().key.exclusive_or(static_key()))};
  return pairs;
}

namespace {

using Header = crypto::DataFormat::Header;

NamedFormat aead(const char* name, const char* cipher, Header header, bool epoch = false) {
  return {name,
          {.cipher = crypto::find_cipher(cipher),
           .digest = {},
           .header = header,
           .key_id = 1,
           .peer_id = 7,
           .epoch = epoch},
          true,
          header == Header::v2};
}

NamedFormat with_digest(const char* name, const char* cipher, const char* digest, Header header) {
  crypto::DataFormat format{.cipher = crypto::find_cipher(cipher),
                            .digest = crypto::find_digest(digest),
                            .header = header,
                            .key_id = 1,
                            .peer_id = 7};
  format.long_id = header == Header::none;
  return {name, format, format.digest.has_value(), false};
}

}  // namespace

std::span<const NamedFormat> data_formats() {
  static const std::array<NamedFormat, 14> formats{
      aead("AES-256-GCM v2", "AES-256-GCM", Header::v2),
      aead("AES-128-GCM v1", "AES-128-GCM", Header::v1),
      aead("AES-192-GCM v2", "AES-192-GCM", Header::v2),
      aead("CHACHA20-POLY1305 v2", "CHACHA20-POLY1305", Header::v2),
      aead("AES-256-GCM epoch", "AES-256-GCM", Header::v2, true),
      aead("CHACHA20-POLY1305 epoch", "CHACHA20-POLY1305", Header::v2, true),
      with_digest("AES-256-CBC SHA1 v2", "AES-256-CBC", "SHA1", Header::v2),
      with_digest("AES-128-CBC SHA256 v1", "AES-128-CBC", "SHA256", Header::v1),
      with_digest("AES-128-CBC SHA512 static", "AES-128-CBC", "SHA512", Header::none),
      with_digest("DES-EDE3-CBC SHA1 v2", "DES-EDE3-CBC", "SHA1", Header::v2),
      with_digest("none SHA256 v2", "none", "SHA256", Header::v2),
      with_digest("none SHA1 static", "none", "SHA1", Header::none),
      with_digest("AES-256-CBC none v2", "AES-256-CBC", "none", Header::v2),
      with_digest("none none v2", "none", "none", Header::v2)};
  return formats;
}

const crypto::DirectionKeys& data_keys() {
  static const crypto::DirectionKeys keys = [] {
    sim::SeededRng rng(4);
    crypto::DirectionKeys made;
    rng.fill(made.cipher.writable());
    rng.fill(made.hmac.writable());
    return made;
  }();
  return keys;
}

}  // namespace adit::fuzz
