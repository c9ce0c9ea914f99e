#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace adit::pki {

// What a certificate is called: its common name and the stem of its files. Safe as a file name.
class Name {
 public:
  // For a new certificate: printable ASCII, at most 64 characters (the limit of a common name).
  [[nodiscard]] static Result<Name> parse(std::string_view text);
  // For one that another tool may have named: only what would be unsafe as a file is refused.
  [[nodiscard]] static Result<Name> existing(std::string_view text);

  [[nodiscard]] const std::string& text() const { return text_; }
  bool operator==(const Name&) const = default;

 private:
  explicit Name(std::string_view text) : text_(text) {}

  std::string text_;
};

}  // namespace adit::pki
