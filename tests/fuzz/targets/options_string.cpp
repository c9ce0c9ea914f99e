// Two options consistency strings compared: an equal pair has no mismatch, and every mismatch
// quotes what stands there. A mirrored string is as long as the one it mirrors.
//
//   expected as a piece | received

#include "wire/options_string.h"

#include <algorithm>

#include "base/text.h"
#include "tests/fuzz/input.h"

namespace adit::fuzz {

namespace {

bool has_item(std::string_view text, std::string_view item) {
  const auto items = split(text, ',');
  return std::ranges::find(items, item) != items.end();
}

}  // namespace

void try_input(Bytes bytes) {
  Input input(bytes);
  const std::string_view expected = as_text(input.piece());
  const std::string_view received = as_text(input.rest());
  using Kind = wire::OptionsMismatch::Kind;
  for (const auto& mismatch : wire::compare_options_strings(expected, received)) {
    const bool here = has_item(expected, mismatch.expected);
    const bool there = has_item(received, mismatch.received);
    ADIT_ASSERT(mismatch.kind == Kind::missing_here ? mismatch.expected.empty() : here);
    ADIT_ASSERT(mismatch.kind == Kind::missing_there ? mismatch.received.empty() : there);
    ADIT_ASSERT(mismatch.expected != mismatch.received);
  }
  ADIT_ASSERT(wire::mirrored_options_string(received).size() == received.size());
  ADIT_ASSERT(wire::compare_options_strings(received, received).empty());
  for (const std::string_view word : {"cipher", "auth", "tun-mtu", "link-mtu"}) {
    const auto value = wire::options_string_value(received, word);
    ADIT_ASSERT(!value || !value->empty());
  }
}

}  // namespace adit::fuzz
