#include "pki/name.h"

#include <algorithm>

#include "base/text.h"

namespace adit::pki {

namespace {

constexpr std::size_t common_name_max = 64;
constexpr std::size_t file_stem_max = 240;  // 255 less the longest ending

tl::unexpected<Error> refuse(std::string_view text, std::string_view why) {
  return fail_with({fmt::format("\"{}\" cannot name a certificate: {}", printable(text), why),
                    "use letters, digits, '.', '-' and '_', for example laptop-anna"});
}

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }
bool is_printable(char c) { return c >= ' ' && c <= '~'; }

}  // namespace

Result<Name> Name::existing(std::string_view text) {
  if (text.empty()) return refuse(text, "it is empty");
  if (text.size() > file_stem_max) return refuse(text, "it is too long for a file name");
  if (text.find('/') != std::string_view::npos) return refuse(text, "it holds a '/'");
  if (text.front() == '.') return refuse(text, "it begins with '.'");
  if (std::ranges::any_of(text, is_control)) return refuse(text, "it holds a control character");
  if (text == "ca") return refuse(text, "private/ca.key is the authority's own key");
  return Name(text);
}

Result<Name> Name::parse(std::string_view text) {
  if (auto unsafe = existing(text); !unsafe) return unsafe;
  if (!std::ranges::all_of(text, is_printable)) {
    return refuse(text, "it holds a character outside printable ASCII");
  }
  if (text.size() > common_name_max) return refuse(text, "it is longer than 64 characters");
  if (text.front() == '-') return refuse(text, "it begins with '-'");
  if (text.front() == ' ' || text.back() == ' ') return refuse(text, "a blank begins or ends it");
  if (text == "DEFAULT") return refuse(text, "DEFAULT is the file for clients without their own");
  return Name(text);
}

}  // namespace adit::pki
