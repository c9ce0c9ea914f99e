#pragma once

#include <algorithm>
#include <array>
#include <cstring>

#include "base/bytes.h"

namespace adit {

// A fixed-size secret that is wiped when it goes and never prints.
template <std::size_t N>
class Secret {
 public:
  Secret() = default;
  explicit Secret(Bytes bytes) {
    std::copy_n(bytes.begin(), bytes.size() < N ? bytes.size() : N, bytes_.begin());
  }
  Secret(const Secret&) = default;
  Secret& operator=(const Secret&) = default;
  ~Secret() { explicit_bzero(bytes_.data(), N); }

  [[nodiscard]] Bytes bytes() const { return bytes_; }
  [[nodiscard]] MutableBytes writable() { return bytes_; }
  [[nodiscard]] Bytes part(std::size_t offset, std::size_t count) const {
    return Bytes(bytes_).subspan(offset, count);
  }
  [[nodiscard]] static constexpr std::size_t size() { return N; }
  [[nodiscard]] bool operator==(const Secret& other) const {
    return equal_constant_time(bytes_, other.bytes_);
  }

 private:
  std::array<std::uint8_t, N> bytes_{};
};

// Text that is wiped when it goes: passwords and tokens.
class SecretText {
 public:
  SecretText() = default;
  explicit SecretText(std::string text) : text_(std::move(text)) {}
  SecretText(const SecretText&) = default;
  SecretText(SecretText&& other) noexcept : text_(other.text_) { other.wipe(); }
  SecretText& operator=(const SecretText& other) {
    if (this != &other) {
      wipe();
      text_ = other.text_;
    }
    return *this;
  }
  SecretText& operator=(SecretText&& other) noexcept {
    if (this != &other) {
      wipe();
      text_ = other.text_;
      other.wipe();
    }
    return *this;
  }
  ~SecretText() { wipe(); }

  [[nodiscard]] const std::string& reveal() const { return text_; }
  [[nodiscard]] bool empty() const { return text_.empty(); }
  void wipe() {
    explicit_bzero(text_.data(), text_.size());
    text_.clear();
  }

 private:
  std::string text_;
};

}  // namespace adit
