#include "pki/name.h"

#include <algorithm>

#include "base/text.h"

namespace adit::pki {

namespace {

constexpr std::size_t common_name_max = 64;
constexpr std::size_t file_stem_max = 240;  // 255 less the longest ending

tl::unexpected<Error> refuse_name(std::string_view text, std::string_view why) {
  return fail_with({fmt::format("\"{}\" cannot name a certificate: {}", printable(text), why),
                    "use letters, digits, '.', '-' and '_', for example laptop-anna"});
}

bool is_printable(char c) { return c >= ' ' && c <= '~'; }

}  // namespace

Result<Name> Name::existing(std::string_view text) {
  if (text.empty()) return refuse_name(text, "it is empty");
  if (text.size() > file_stem_max) return refuse_name(text, "it is too long for a file name");
  if (text.find('/') != std::string_view::npos) return refuse_name(text, "it holds a '/'");
  if (text.front() == '.') return refuse_name(text, "it begins with '.'");
  if (std::ranges::any_of(text, is_control))
    return refuse_name(text, "it holds a control character");
  if (text == "ca") return refuse_name(text, "private/ca.key is the authority's own key");
  return Name(text);
}

Result<Name> Name::parse(std::string_view text) {
  if (auto unsafe = existing(text); !unsafe) return unsafe;
  if (!std::ranges::all_of(text, is_printable)) {
    return refuse_name(text, "it holds a character outside printable ASCII");
  }
  if (text.size() > common_name_max) return refuse_name(text, "it is longer than 64 characters");
  if (text.front() == '-') return refuse_name(text, "it begins with '-'");
  if (text.front() == ' ' || text.back() == ' ')
    return refuse_name(text, "a blank begins or ends it");
  if (text == "DEFAULT")
    return refuse_name(text, "DEFAULT is the file for clients without their own");
  return Name(text);
}

}  // namespace adit::pki
