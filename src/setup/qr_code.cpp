#include "setup/qr_code.h"

#include <memory>
#include <qrencode.h>

namespace adit::setup {

namespace {

constexpr int quiet_border = 2;  // dots; four by the standard, two suffice on a screen
constexpr const char* black_on_white = "\033[30;107m";
constexpr const char* usual_colours = "\033[0m";

class Dots {
 public:
  explicit Dots(const QRcode& code) : code_(code) {}

  [[nodiscard]] int side() const { return code_.width + 2 * quiet_border; }
  [[nodiscard]] bool dark(int x, int y) const {
    x -= quiet_border;
    y -= quiet_border;
    if (x < 0 || y < 0 || x >= code_.width || y >= code_.width) return false;
    return (code_.data[y * code_.width + x] & 1) != 0;
  }

 private:
  const QRcode& code_;
};

const char* half_block(bool upper, bool lower) {
  if (upper) return lower ? "\u2588" : "\u2580";
  return lower ? "\u2584" : " ";
}

}  // namespace

std::optional<QrCode> make_qr_code(std::string_view text) {
  const std::unique_ptr<QRcode, void (*)(QRcode*)> code(
      QRcode_encodeData(static_cast<int>(text.size()),
                        reinterpret_cast<const unsigned char*>(text.data()), 0, QR_ECLEVEL_L),
      QRcode_free);
  if (!code) return std::nullopt;
  const Dots dots(*code);
  QrCode drawn;
  drawn.columns = static_cast<std::size_t>(dots.side());
  for (int y = 0; y < dots.side(); y += 2) {
    drawn.text += black_on_white;
    for (int x = 0; x < dots.side(); ++x)
      drawn.text += half_block(dots.dark(x, y), dots.dark(x, y + 1));
    drawn.text += usual_colours;
    drawn.text += '\n';
    ++drawn.rows;
  }
  return drawn;
}

}  // namespace adit::setup
