#include "crypto/digest.h"

#include <array>

#include <openssl/core_names.h>
#include <openssl/params.h>

#include "base/assert.h"
#include "base/text.h"
#include "crypto/handles.h"

namespace adit::crypto {

namespace {

// The names and the order in which stock shows them.
constexpr std::array<std::string_view, 17> shown_names{
    "MD5",      "RSA-MD5",  "SHA1",     "RSA-SHA1", "MD5-SHA1",   "RIPEMD160",
    "SHA224",   "SHA256",   "SHA384",   "SHA512",   "SHA512-224", "SHA512-256",
    "SHA3-224", "SHA3-256", "SHA3-384", "SHA3-512", "BLAKE2b512"};

std::string shown_name(const EVP_MD* md) {
  std::string name = EVP_MD_get0_name(md);
  if (name.starts_with("SHA2-")) name = "SHA" + name.substr(5);
  for (char& c : name) {
    if (c == '/') c = '-';
  }
  return name;
}

}  // namespace

std::optional<Digest> find_digest(std::string_view name) {
  const std::unique_ptr<EVP_MD, Freer<EVP_MD_free>> md(
      EVP_MD_fetch(nullptr, std::string(name).c_str(), nullptr));
  if (!md) return std::nullopt;
  const int size = EVP_MD_get_size(md.get());
  if (size <= 0 || static_cast<std::size_t>(size) > digest_bytes_max) return std::nullopt;
  return Digest{shown_name(md.get()), static_cast<std::size_t>(size)};
}

std::vector<Digest> all_digests() {
  std::vector<Digest> digests;
  for (std::string_view name : shown_names) {
    const auto digest = find_digest(name);
    if (digest) digests.push_back({std::string(name), digest->bytes});
  }
  return digests;
}

struct Hmac::State {
  FetchedMac mac{EVP_MAC_fetch(nullptr, "HMAC", nullptr)};
  MacContext context{EVP_MAC_CTX_new(mac.get())};
};

Hmac::Hmac(const Digest& digest, Bytes key)
    : state_(std::make_unique<State>()), bytes_(digest.bytes) {
  std::string name = digest.name;
  const OSSL_PARAM params[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name.data(), 0),
      OSSL_PARAM_construct_end()};
  const int ok = EVP_MAC_init(state_->context.get(), key.data(), key.size(), params);
  ADIT_ASSERT(ok == 1);
}

Hmac::~Hmac() = default;
Hmac::Hmac(Hmac&&) noexcept = default;
Hmac& Hmac::operator=(Hmac&&) noexcept = default;

void Hmac::compute(std::initializer_list<Bytes> parts, MutableBytes out) {
  ADIT_ASSERT(out.size() >= bytes_);
  EVP_MAC_CTX* context = state_->context.get();
  bool ok = EVP_MAC_init(context, nullptr, 0, nullptr) == 1;
  for (const Bytes part : parts) ok = ok && EVP_MAC_update(context, part.data(), part.size()) == 1;
  std::size_t written = 0;
  ok = ok && EVP_MAC_final(context, out.data(), &written, out.size()) == 1;
  ADIT_ASSERT(ok && written == bytes_);
}

bool Hmac::verify(std::initializer_list<Bytes> parts, Bytes expected) {
  std::array<std::uint8_t, digest_bytes_max> computed;
  compute(parts, computed);
  return equal_constant_time(Bytes(computed).first(bytes_), expected);
}

void sha256(Bytes message, MutableBytes out) {
  ADIT_ASSERT(out.size() == 32);
  const int ok =
      EVP_Digest(message.data(), message.size(), out.data(), nullptr, EVP_sha256(), nullptr);
  ADIT_ASSERT(ok == 1);
}

void md5(Bytes message, MutableBytes out) {
  ADIT_ASSERT(out.size() == 16);
  const int ok =
      EVP_Digest(message.data(), message.size(), out.data(), nullptr, EVP_md5(), nullptr);
  ADIT_ASSERT(ok == 1);
}

}  // namespace adit::crypto
