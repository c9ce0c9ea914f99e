#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace adit::setup {

// A text as QR code for a terminal, black on white whatever its colours are.
struct QrCode {
  std::string text;  // lines of half blocks, two rows of dots each, with its quiet border
  std::size_t columns = 0, rows = 0;
};

// Nothing: the text is longer than a QR code can hold (2953 bytes).
[[nodiscard]] std::optional<QrCode> make_qr_code(std::string_view text);

}  // namespace adit::setup
