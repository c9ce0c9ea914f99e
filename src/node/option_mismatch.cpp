#include "node/option_mismatch.h"

#include <algorithm>

#include "node/lines.h"
#include "wire/options_string.h"

namespace adit::node {

namespace {

constexpr int stock_shows_it_at = 7;

struct Sides {
  std::string_view with, without;
};

void tell_framing(const Sides& sides, Log log) {
  log.warn(
      "{} frames packets for compression and {} does not: nothing may get through; remove comp-lzo "
      "and compress on both sides, or give {} the same line",
      sides.with, sides.without, sides.without);
}

void tell_fragment(const Sides& sides, Log log) {
  log.warn(
      "{} uses \"fragment\" and {} does not: nothing will get through; set it on both sides, or on "
      "neither",
      sides.with, sides.without);
}

}  // namespace

void tell_mismatches(const OptionsStrings& strings, Log log) {
  using Kind = wire::OptionsMismatch::Kind;
  const std::string expected = wire::mirrored_options_string(strings.ours);
  for (const auto& found : wire::compare_options_strings(expected, strings.theirs)) {
    log.debug(stock_shows_it_at, "{}", lines::option_mismatch(found));
    if (found.kind == Kind::differs) continue;
    const Sides sides = found.kind == Kind::missing_here ? Sides{"the peer", "this side"}
                                                         : Sides{"this side", "the peer"};
    if (found.word == "comp-lzo" && !strings.framing_was_pushed) tell_framing(sides, log);
    if (found.word == "mtu-dynamic") tell_fragment(sides, log);
  }
}

}  // namespace adit::node
