#include "crypto/key_derivation.h"

#include <openssl/core_names.h>
#include <openssl/params.h>

#include "base/assert.h"
#include "crypto/digest.h"
#include "crypto/handles.h"

namespace adit::crypto {

void tls1_prf(Bytes secret, std::string_view label, Bytes seed, MutableBytes out) {
  const FetchedKdf kdf(EVP_KDF_fetch(nullptr, "TLS1-PRF", nullptr));
  const KdfContext context(EVP_KDF_CTX_new(kdf.get()));
  char digest[] = "MD5-SHA1";
  OSSL_PARAM params[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SECRET,
                                        const_cast<std::uint8_t*>(secret.data()), secret.size()),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, const_cast<char*>(label.data()),
                                        label.size()),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, const_cast<std::uint8_t*>(seed.data()),
                                        seed.size()),
      OSSL_PARAM_construct_end()};
  const int ok = EVP_KDF_derive(context.get(), out.data(), out.size(), params);
  ADIT_ASSERT(ok == 1);
}

DataKeyMaterial derive_with_prf(const wire::KeySource& client, const wire::KeySource& server,
                                const wire::SessionId& client_session,
                                const wire::SessionId& server_session) {
  std::uint8_t seed[80];
  Writer first(seed);
  first.put(client.random1.bytes());
  first.put(server.random1.bytes());
  Secret<48> master;
  tls1_prf(client.pre_master.bytes(), "OpenVPN master secret", first.written(), master.writable());

  Writer second(seed);
  second.put(client.random2.bytes());
  second.put(server.random2.bytes());
  second.put(client_session.bytes());
  second.put(server_session.bytes());
  DataKeyMaterial keys;
  tls1_prf(master.bytes(), "OpenVPN key expansion", second.written(), keys.writable());
  return keys;
}

namespace {

// HKDF-Expand of RFC 5869 with "ovpn "-labelled info; all outputs fit one SHA-256 block.
void expand_label(Bytes secret, std::string_view label, MutableBytes out) {
  ADIT_ASSERT(out.size() <= 32);
  std::uint8_t info[64];
  Writer writer(info);
  writer.u16(static_cast<std::uint16_t>(out.size()));
  writer.u8(static_cast<std::uint8_t>(5 + label.size()));
  writer.put(as_bytes("ovpn "));
  writer.put(as_bytes(label));
  writer.u8(0);  // empty context
  writer.u8(1);  // block counter of HKDF-Expand
  Secret<32> block;
  Hmac({"SHA256", 32}, secret).compute({writer.written()}, block.writable());
  std::copy_n(block.bytes().begin(), out.size(), out.begin());
}

}  // namespace

EpochSecret next_epoch_secret(const EpochSecret& secret) {
  EpochSecret next;
  expand_label(secret.bytes(), "datakey upd", next.writable());
  return next;
}

EpochKey epoch_key(const EpochSecret& secret, std::size_t key_bytes) {
  EpochKey key;
  expand_label(secret.bytes(), "data_key", key.key.writable().first(key_bytes));
  expand_label(secret.bytes(), "data_iv", key.implicit_iv.writable());
  return key;
}

}  // namespace adit::crypto
