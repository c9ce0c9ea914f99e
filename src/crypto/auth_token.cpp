#include "crypto/auth_token.h"

#include <algorithm>

#include "crypto/digest.h"
#include "crypto/static_key.h"

namespace adit::crypto {

namespace {
constexpr std::size_t field_bytes = 28;
constexpr std::size_t token_bytes = field_bytes + 32;
constexpr std::size_t text_size = auth_token_prefix.size() + token_bytes / 3 * 4;
static_assert(token_bytes % 3 == 0);  // no padding
}  // namespace

bool looks_like_auth_token(std::string_view text) {
  return text.size() == text_size && text.starts_with(auth_token_prefix);
}

Result<AuthTokenKey> AuthTokenKey::parse(std::string_view pem) {
  const auto bytes = parse_pem(pem, auth_token_label);
  if (!bytes) return fail_with(bytes.error());
  if (bytes->size() != 128) {
    return fail("an auth-token key has 128 bytes, this one has {}", bytes->size());
  }
  AuthTokenKey key;
  std::ranges::copy(*bytes, key.bytes_.writable().begin());
  return key;
}

AuthTokenKey AuthTokenKey::generate(Rng& rng) {
  AuthTokenKey key;
  rng.fill(key.bytes_.writable());
  return key;
}

std::string AuthTokenKey::render() const { return render_pem(bytes_.bytes(), auth_token_label); }

void AuthTokenKey::mac(Bytes fields, std::string_view username, MutableBytes out) const {
  Hmac({"SHA256", 32}, bytes_.part(64, 32)).compute({as_bytes(username), fields}, out);
}

std::string AuthTokenKey::sign(const AuthToken& token, std::string_view username) const {
  std::array<std::uint8_t, token_bytes> raw;
  Writer writer(raw);
  writer.put(token.session);
  writer.u64(static_cast<std::uint64_t>(token.initial.seconds));
  writer.u64(static_cast<std::uint64_t>(token.issued.seconds));
  mac(Bytes(raw).first(field_bytes), username, MutableBytes(raw).subspan(field_bytes));
  return std::string(auth_token_prefix) + to_base64(raw);
}

std::optional<AuthToken> AuthTokenKey::verify(std::string_view text,
                                              std::string_view username) const {
  if (!looks_like_auth_token(text)) return std::nullopt;
  const auto raw = from_base64(text.substr(auth_token_prefix.size()));
  if (!raw || raw->size() != token_bytes) return std::nullopt;
  const Bytes fields = Bytes(*raw).first(field_bytes);
  std::array<std::uint8_t, 32> expected;
  mac(fields, username, expected);
  if (!equal_constant_time(expected, Bytes(*raw).subspan(field_bytes))) return std::nullopt;
  Reader reader(fields);
  AuthToken token;
  std::ranges::copy(reader.take(12), token.session.begin());
  token.initial.seconds = static_cast<std::int64_t>(reader.u64());
  token.issued.seconds = static_cast<std::int64_t>(reader.u64());
  return token;
}

}  // namespace adit::crypto
