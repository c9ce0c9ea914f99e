#include "crypto/static_key.h"

#include <algorithm>
#include <cctype>

#include "base/text.h"

namespace adit::crypto {

namespace {
constexpr std::string_view begin_line = "-----BEGIN OpenVPN Static key V1-----";
constexpr std::string_view end_line = "-----END OpenVPN Static key V1-----";
}  // namespace

Result<StaticKey> StaticKey::parse(std::string_view text) {
  const auto begin = text.find(begin_line);
  if (begin == std::string_view::npos) {
    return fail_with({"no \"-----BEGIN OpenVPN Static key V1-----\" line found",
                      "make a key with: adit --genkey secret FILE"});
  }
  text.remove_prefix(begin + begin_line.size());
  const auto end = text.find(end_line);
  if (end == std::string_view::npos) {
    return fail("the \"-----END OpenVPN Static key V1-----\" line is missing");
  }
  std::string digits;
  for (const char c : text.substr(0, end)) {
    if (std::isspace(static_cast<unsigned char>(c)) == 0) digits += c;
  }
  const auto bytes = from_hex(digits);
  if (!bytes) return fail("the static key holds a character that is not a hexadecimal digit");
  if (bytes->size() != size) {
    return fail("the static key has {} bytes, but 256 are needed", bytes->size());
  }
  return StaticKey(*bytes);
}

StaticKey StaticKey::generate(Rng& rng) {
  StaticKey key;
  rng.fill(key.bytes_.writable());
  return key;
}

std::string StaticKey::render() const {
  std::string text = "#\n# 2048 bit OpenVPN static key\n#\n";
  text += begin_line;
  text += '\n';
  for (std::size_t row = 0; row < size; row += 16) text += to_hex(bytes_.part(row, 16)) + "\n";
  text += end_line;
  return text + "\n";
}

StaticKey StaticKey::exclusive_or(const StaticKey& other) const {
  StaticKey result;
  const MutableBytes out = result.bytes_.writable();
  for (std::size_t i = 0; i < size; ++i) {
    out[i] = static_cast<std::uint8_t>(bytes()[i] ^ other.bytes()[i]);
  }
  return result;
}

Result<Buffer> parse_pem(std::string_view text, std::string_view label) {
  const std::string begin = fmt::format("-----BEGIN {}-----", label);
  const std::string end = fmt::format("-----END {}-----", label);
  const auto start = text.find(begin);
  if (start == std::string_view::npos) return fail("no \"{}\" line found", begin);
  text.remove_prefix(start + begin.size());
  const auto stop = text.find(end);
  if (stop == std::string_view::npos) return fail("the \"{}\" line is missing", end);
  auto bytes = from_base64(text.substr(0, stop));
  if (!bytes) return fail("the text between BEGIN and END is not base64");
  return std::move(*bytes);
}

std::string render_pem(Bytes bytes, std::string_view label) {
  std::string text = fmt::format("-----BEGIN {}-----\n", label);
  const std::string encoded = to_base64(bytes);
  for (std::size_t at = 0; at < encoded.size(); at += 64) text += encoded.substr(at, 64) + "\n";
  return text + fmt::format("-----END {}-----\n", label);
}

}  // namespace adit::crypto
