#include "node/wrapping.h"

namespace adit::node {

Result<std::string> load_text(const options::FileOrInline& source, std::string_view option,
                              ports::StorePort& store) {
  if (source.is_inline || source.is_kept) return source.text;
  auto text = store.read(source.path);
  if (!text) return fail_because(fmt::format("{}: {}", source.at.text(), option), text.error());
  return text;
}

Result<crypto::StaticKey> load_static_key(const options::FileOrInline& source,
                                          std::string_view option, ports::StorePort& store) {
  auto text = load_text(source, option, store);
  if (!text) return fail_with(text.error());
  auto key = crypto::StaticKey::parse(*text);
  if (!key) {
    return fail_because(fmt::format("{}: {} {}", source.at.text(), option,
                                    source.is_inline ? "(inline)" : source.path),
                        key.error());
  }
  return key;
}

namespace {

Status load_v2(const options::Connection& connection, Wrapping& wrapping, ports::StorePort& store) {
  auto text = load_text(connection.tls_crypt_v2, "tls-crypt-v2", store);
  if (!text) return fail_with(text.error());
  const std::string where = connection.tls_crypt_v2.at.text() + ": tls-crypt-v2";
  if (wrapping.tls_server) {
    auto key = crypto::TlsCryptV2ServerKey::parse(*text);
    if (!key) return fail_because(where, key.error());
    wrapping.v2_server = std::move(*key);
    wrapping.force_cookie =
        connection.tls_crypt_v2_cookie == options::Connection::Cookie::force_cookie;
  } else {
    auto key = crypto::TlsCryptV2ClientKey::parse(*text);
    if (!key) return fail_because(where, key.error());
    wrapping.v2_client = std::move(*key);
  }
  return {};
}

}  // namespace

Result<Wrapping> load_wrapping(const options::Connection& connection,
                               const std::string& auth_digest, bool tls_server,
                               ports::StorePort& store) {
  Wrapping wrapping;
  wrapping.tls_server = tls_server;
  if (connection.tls_crypt_v2.defined()) {
    if (Status loaded = load_v2(connection, wrapping, store); !loaded) {
      return fail_with(loaded.error());
    }
  }
  if (connection.tls_crypt.defined()) {
    auto key = load_static_key(connection.tls_crypt, "tls-crypt", store);
    if (!key) return fail_with(key.error());
    wrapping.kind = Wrapping::Kind::tls_crypt;
    wrapping.key = *key;
  } else if (connection.tls_auth.defined()) {
    auto key = load_static_key(connection.tls_auth, "tls-auth", store);
    if (!key) return fail_with(key.error());
    const auto digest = crypto::find_digest(auth_digest);
    if (!digest) {
      return fail_with({fmt::format("{}: tls-auth needs an HMAC digest, but auth is \"{}\"",
                                    connection.tls_auth.at.text(), auth_digest),
                        "set auth to a digest of adit --show-digests"});
    }
    wrapping.kind = Wrapping::Kind::tls_auth;
    wrapping.key = *key;
    wrapping.digest = *digest;
    wrapping.direction = connection.key_direction;
    wrapping.file = connection.tls_auth.is_inline ? "" : connection.tls_auth.path;
    wrapping.where = connection.tls_auth.at.text();
  }
  return wrapping;
}

std::shared_ptr<crypto::ControlCipher> Wrapping::make_cipher() const {
  switch (kind) {
    case Kind::tls_auth:
      return crypto::make_tls_auth(digest, key, direction);
    case Kind::tls_crypt:
      return crypto::make_tls_crypt(key, tls_server);
    case Kind::none:
      break;
  }
  return crypto::make_plain_control();
}

session::Protection Wrapping::client_protection() const {
  if (v2_client) {
    return {crypto::make_tls_crypt(v2_client->key, tls_server), v2_client->key, v2_client->wrapped};
  }
  session::Protection protection{make_cipher(), {}, {}};
  if (kind != Kind::none) protection.key = key;
  return protection;
}

}  // namespace adit::node
