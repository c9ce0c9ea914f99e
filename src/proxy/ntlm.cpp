#include "proxy/ntlm.h"

#include <algorithm>

#include "base/text.h"
#include "crypto/digest.h"
#include "crypto/md4.h"

namespace adit::proxy {

namespace {

constexpr std::string_view signature{"NTLMSSP\0", 8};
constexpr std::uint32_t knows_unicode = 1, knows_oem = 2, knows_ntlm = 0x200;
constexpr std::uint32_t has_target = 0x00800000;
constexpr std::size_t head_bytes = 64;  // of the answer
constexpr std::size_t longest_name = 128, most_target_bytes = 1024;
constexpr std::size_t hash_bytes = 16;
constexpr std::uint64_t seconds_1601_to_1970 = 11644473600, ticks_per_second = 10'000'000;

using Hash = std::array<std::uint8_t, hash_bytes>;

void put16(Buffer& out, std::size_t value) {
  out.push_back(static_cast<std::uint8_t>(value));
  out.push_back(static_cast<std::uint8_t>(value >> 8));
}
void put32(Buffer& out, std::size_t value) {
  put16(out, value & 0xffff);
  put16(out, value >> 16 & 0xffff);
}
void put64(Buffer& out, std::uint64_t value) {
  put32(out, value & 0xffffffff);
  put32(out, value >> 32);
}
void put(Buffer& out, Bytes bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); }

// A field of the message that lies elsewhere in it.
void put_field(Buffer& out, std::size_t bytes, std::size_t at) {
  put16(out, bytes);
  put16(out, bytes);
  put32(out, at);
}

std::uint32_t little(Bytes bytes) {
  std::uint32_t value = 0;
  for (std::size_t i = bytes.size(); i > 0; --i) value = value << 8 | bytes[i - 1];
  return value;
}

// Bytes of UTF-8 become characters, those beyond the first plane two of them; broken ones "?".
Buffer utf16(std::string_view text) {
  Buffer out;
  for (std::size_t at = 0; at < text.size();) {
    const auto first = static_cast<std::uint8_t>(text[at++]);
    const unsigned more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : first >= 0xc0 ? 1 : 0;
    std::uint32_t letter = more == 0 ? first : first & (0x3fu >> more);
    for (unsigned i = 0; i < more && at < text.size(); ++i) {
      letter = letter << 6 | (static_cast<std::uint8_t>(text[at++]) & 0x3f);
    }
    if (letter < 0x10000) {
      put16(out, letter);
    } else {
      put16(out, 0xd800 + ((letter - 0x10000) >> 10 & 0x3ff));
      put16(out, 0xdc00 + (letter & 0x3ff));
    }
  }
  return out;
}

Hash hmac(Bytes key, std::initializer_list<Bytes> parts) {
  Hash out;
  crypto::Hmac(crypto::Digest{"MD5", hash_bytes}, key).compute(parts, out);
  return out;
}

struct Names {
  std::string domain, user;
};

Names names_of(const std::string& text) {
  const std::size_t cut = text.find('\\');
  if (cut == std::string::npos) return {{}, text};
  return {text.substr(0, cut), text.substr(cut + 1)};
}

Buffer proof_of(const NtlmChallenge& challenge, const Names& names, const SecretText& password,
                const NtlmMoment& moment) {
  Buffer blob;
  put32(blob, 0x0101);
  put32(blob, 0);
  put64(blob,
        (static_cast<std::uint64_t>(moment.now.seconds) + seconds_1601_to_1970) * ticks_per_second);
  put(blob, moment.nonce);
  put32(blob, 0);
  put(blob, challenge.target);
  put32(blob, 0);
  Buffer wide = utf16(password.reveal());
  const Hash of_password = crypto::md4(wide);
  std::fill(wide.begin(), wide.end(), 0);
  const Buffer who = utf16(to_upper(names.user) + names.domain);
  const Hash key = hmac(of_password, {who});
  const Hash proof = hmac(key, {challenge.nonce, blob});
  Buffer out = to_buffer(proof);
  put(out, blob);
  return out;
}

}  // namespace

Buffer ntlm_greeting() {
  Buffer out = to_buffer(as_bytes(signature));
  put32(out, 1);
  put32(out, knows_oem | knows_ntlm);
  return out;
}

std::optional<NtlmChallenge> NtlmChallenge::parse(Bytes message) {
  constexpr std::size_t flags_at = 20, nonce_at = 24, target_at = 40, whole = 48;
  if (message.size() < nonce_at + 8 || as_text(message.first(signature.size())) != signature ||
      little(message.subspan(8, 4)) != 2) {
    return std::nullopt;
  }
  NtlmChallenge challenge;
  const std::uint32_t flags = little(message.subspan(flags_at, 4));
  challenge.unicode = (flags & knows_unicode) != 0;
  std::copy_n(message.begin() + nonce_at, challenge.nonce.size(), challenge.nonce.begin());
  if ((flags & has_target) == 0) return challenge;
  if (message.size() < whole) return std::nullopt;
  const std::size_t size = little(message.subspan(target_at, 2));
  const std::size_t at = little(message.subspan(target_at + 4, 4));
  if (size > most_target_bytes || at > message.size() || size > message.size() - at) {
    return std::nullopt;
  }
  challenge.target = to_buffer(message.subspan(at, size));
  return challenge;
}

std::optional<Buffer> ntlm_answer(const NtlmChallenge& challenge, const Credentials& who,
                                  const NtlmMoment& moment) {
  const Names names = names_of(who.user);
  if (names.user.size() > longest_name || names.domain.size() > longest_name) return std::nullopt;
  const Buffer proof = proof_of(challenge, names, who.password, moment);
  const auto text = [&challenge](const std::string& name) {
    return challenge.unicode ? utf16(name) : to_buffer(as_bytes(name));
  };
  const Buffer user = text(names.user), domain = text(names.domain);
  const std::size_t user_at = head_bytes + proof.size(), domain_at = user_at + user.size();
  const std::size_t end = domain_at + domain.size();
  Buffer out = to_buffer(as_bytes(signature));
  put32(out, 3);
  put_field(out, 0, end);  // LM: none
  put_field(out, proof.size(), head_bytes);
  put_field(out, domain.size(), domain_at);
  put_field(out, user.size(), user_at);
  put_field(out, 0, end);  // workstation
  put_field(out, 0, end);  // session key
  put32(out, (challenge.unicode ? knows_unicode : knows_oem) | knows_ntlm);
  put(out, proof);
  put(out, user);
  put(out, domain);
  return out;
}

}  // namespace adit::proxy
