#include "crypto/tls_crypt_v2.h"

#include <algorithm>

#include "base/assert.h"
#include "crypto/digest.h"
#include "crypto/handles.h"

namespace adit::crypto {

namespace {

constexpr std::size_t tag_bytes = 32;
constexpr std::size_t wkc_min = 290;
constexpr std::size_t wkc_max = 1024;
constexpr std::size_t metadata_max = 734;

Buffer ctr(Bytes key, Bytes iv, Bytes in) {
  Buffer out(in.size());
  const CipherContext context(EVP_CIPHER_CTX_new());
  int written = 0;
  const bool ok =
      EVP_EncryptInit_ex2(context.get(), EVP_aes_256_ctr(), key.data(), iv.data(), nullptr) == 1 &&
      EVP_EncryptUpdate(context.get(), out.data(), &written, in.data(),
                        static_cast<int>(in.size())) == 1;
  ADIT_ASSERT(ok);
  return out;
}

}  // namespace

Result<TlsCryptV2ClientKey> TlsCryptV2ClientKey::parse(std::string_view pem) {
  const auto bytes = parse_pem(pem, tls_crypt_v2_client_label);
  if (!bytes) return fail_with(bytes.error());
  if (bytes->size() < StaticKey::size + wkc_min || bytes->size() > StaticKey::size + wkc_max) {
    return fail("a tls-crypt-v2 client key of {} bytes is impossible", bytes->size());
  }
  return TlsCryptV2ClientKey{StaticKey(Bytes(*bytes).first(StaticKey::size)),
                             to_buffer(Bytes(*bytes).subspan(StaticKey::size))};
}

std::string TlsCryptV2ClientKey::render() const {
  Buffer bytes = to_buffer(key.bytes());
  bytes.insert(bytes.end(), wrapped.begin(), wrapped.end());
  return render_pem(bytes, tls_crypt_v2_client_label);
}

Result<TlsCryptV2ServerKey> TlsCryptV2ServerKey::parse(std::string_view pem) {
  const auto bytes = parse_pem(pem, tls_crypt_v2_server_label);
  if (!bytes) return fail_with(bytes.error());
  if (bytes->size() != size) {
    return fail("a tls-crypt-v2 server key has 128 bytes, this one has {}", bytes->size());
  }
  TlsCryptV2ServerKey key;
  std::ranges::copy(*bytes, key.bytes_.writable().begin());
  return key;
}

TlsCryptV2ServerKey TlsCryptV2ServerKey::generate(Rng& rng) {
  TlsCryptV2ServerKey key;
  rng.fill(key.bytes_.writable());
  return key;
}

std::string TlsCryptV2ServerKey::render() const {
  return render_pem(bytes_.bytes(), tls_crypt_v2_server_label);
}

Result<TlsCryptV2ClientKey> TlsCryptV2ServerKey::wrap(const StaticKey& client_key,
                                                      Bytes metadata) const {
  if (metadata.size() > metadata_max) {
    return fail("tls-crypt-v2 metadata of {} bytes is too long (at most 733 bytes of user data)",
                metadata.size());
  }
  Buffer clear = to_buffer(client_key.bytes());
  clear.insert(clear.end(), metadata.begin(), metadata.end());
  std::uint8_t length[2];
  store_u16(length, static_cast<std::uint16_t>(tag_bytes + clear.size() + 2));
  Buffer wkc(tag_bytes);
  Hmac({"SHA256", tag_bytes}, hmac_key()).compute({length, clear}, wkc);
  const Buffer sealed = ctr(cipher_key(), Bytes(wkc).first(16), clear);
  wkc.insert(wkc.end(), sealed.begin(), sealed.end());
  wkc.insert(wkc.end(), length, length + 2);
  return TlsCryptV2ClientKey{client_key, std::move(wkc)};
}

std::optional<UnwrappedClientKey> TlsCryptV2ServerKey::unwrap(Bytes wkc) const {
  if (wkc.size() < wkc_min || wkc.size() > wkc_max) return std::nullopt;
  const Bytes length = wkc.last(2);
  if (load_u16(length.data()) != wkc.size()) return std::nullopt;
  const Bytes tag = wkc.first(tag_bytes);
  Buffer clear =
      ctr(cipher_key(), tag.first(16), wkc.subspan(tag_bytes, wkc.size() - tag_bytes - 2));
  const bool authentic = Hmac({"SHA256", tag_bytes}, hmac_key()).verify({length, clear}, tag);
  std::optional<UnwrappedClientKey> unwrapped;
  if (authentic) {
    unwrapped = UnwrappedClientKey{StaticKey(Bytes(clear).first(StaticKey::size)),
                                   to_buffer(Bytes(clear).subspan(StaticKey::size))};
  }
  explicit_bzero(clear.data(), clear.size());
  return unwrapped;
}

Buffer timestamp_metadata(WallTime now) {
  Buffer metadata(9);
  Writer writer(metadata);
  writer.u8(1);
  writer.u64(static_cast<std::uint64_t>(now.seconds));
  return metadata;
}

std::optional<WallTime> time_of_metadata(Bytes metadata) {
  constexpr std::uint8_t timestamp = 1;
  Reader reader(metadata);
  const std::uint8_t kind = reader.u8();
  const std::uint64_t seconds = reader.u64();
  if (!reader.ok() || kind != timestamp) return std::nullopt;
  return WallTime{static_cast<std::int64_t>(seconds)};
}

Buffer user_metadata(Bytes bytes) {
  Buffer metadata(1 + bytes.size());
  std::ranges::copy(bytes, metadata.begin() + 1);
  return metadata;
}

std::optional<std::size_t> wkc_length(Bytes datagram) {
  if (datagram.size() < 3) return std::nullopt;
  const std::size_t length = load_u16(datagram.data() + datagram.size() - 2);
  if (length < wkc_min || length > wkc_max || length > datagram.size() - 1) return std::nullopt;
  return length;
}

}  // namespace adit::crypto
