#pragma once

#include <string_view>

#include "base/log.h"

namespace adit::node {

// Both ends' options strings, and who settles how packets are framed.
struct OptionsStrings {
  std::string_view ours;
  std::string_view theirs;
  bool framing_was_pushed = false;  // the server chose it for this client
};

// Tells in what the two ends differ: stock's lines where stock shows them (verb 7), and in plain
// words what keeps packets from being understood. It never refuses anybody.
// source: wire protocol 7.3
void tell_mismatches(const OptionsStrings& strings, Log log);

}  // namespace adit::node
