#include "base/bytes.h"

#include <algorithm>
#include <cctype>

namespace adit {

bool equal_constant_time(Bytes a, Bytes b) {
  if (a.size() != b.size()) return false;
  unsigned difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) difference |= static_cast<unsigned>(a[i] ^ b[i]);
  return difference == 0;
}

std::string to_hex(Bytes bytes) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const std::uint8_t byte : bytes) {
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

constexpr std::string_view base64_alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

}  // namespace

std::optional<Buffer> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  Buffer bytes;
  bytes.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = hex_value(text[i]);
    const int low = hex_value(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes.push_back(static_cast<std::uint8_t>(high * 16 + low));
  }
  return bytes;
}

std::string to_base64(Bytes bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t group = 0;
    for (std::size_t j = 0; j < 3; ++j) group = group << 8 | (j < count ? bytes[i + j] : 0u);
    for (std::size_t j = 0; j < 4; ++j) {
      text += j <= count ? base64_alphabet[(group >> (18 - 6 * j)) & 63] : '=';
    }
  }
  return text;
}

std::optional<Buffer> from_base64(std::string_view text) {
  Buffer bytes;
  std::uint32_t group = 0;
  int digits = 0;
  int padding = 0;
  for (const char c : text) {
    if (std::isspace(static_cast<unsigned char>(c)) != 0) continue;
    if (c == '=') {
      ++padding;
      continue;
    }
    const auto value = base64_alphabet.find(c);
    if (value == std::string_view::npos || padding > 0) return std::nullopt;
    group = group << 6 | static_cast<std::uint32_t>(value);
    if (++digits % 4 != 0) continue;
    bytes.push_back(static_cast<std::uint8_t>(group >> 16));
    bytes.push_back(static_cast<std::uint8_t>(group >> 8));
    bytes.push_back(static_cast<std::uint8_t>(group));
    group = 0;
  }
  const int left = digits % 4;
  if (left == 1 || padding != (4 - left) % 4) return std::nullopt;
  if (left >= 2) bytes.push_back(static_cast<std::uint8_t>(group >> (left == 2 ? 4 : 10)));
  if (left == 3) bytes.push_back(static_cast<std::uint8_t>(group >> 2));
  return bytes;
}

Bytes Reader::take(std::size_t count) {
  if (!ok_ || count > rest_.size()) {
    ok_ = false;
    return {};
  }
  const Bytes head = rest_.first(count);
  rest_ = rest_.subspan(count);
  return head;
}

std::uint64_t Reader::number(std::size_t width) {
  std::uint64_t value = 0;
  for (const std::uint8_t byte : take(width)) value = value << 8 | byte;
  return value;
}

void Writer::put(Bytes bytes) {
  const MutableBytes room = claim(bytes.size());
  std::copy_n(bytes.begin(), room.size(), room.begin());
}

MutableBytes Writer::claim(std::size_t count) {
  if (!ok_ || count > left()) {
    ok_ = false;
    return {};
  }
  used_ += count;
  return room_.subspan(used_ - count, count);
}

void Writer::number(std::uint64_t value, std::size_t width) {
  const MutableBytes room = claim(width);
  for (std::size_t i = 0; i < room.size(); ++i) {
    room[i] = static_cast<std::uint8_t>(value >> (8 * (width - 1 - i)));
  }
}

}  // namespace adit
