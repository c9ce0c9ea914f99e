#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>

namespace adit::node {

// How many pairs of lanes a server has unless it is told. A unit that lets it have only so many
// threads and processes (Debian's for OpenVPN: 10) must leave some for its scripts.
//
// most_tasks  of the whole service; nothing: no limit
[[nodiscard]] inline std::size_t usual_lanes(std::size_t cores,
                                             std::optional<std::size_t> most_tasks) {
  constexpr std::size_t kept_free = 6;  // the control thread, lookups of names, scripts
  std::size_t pairs = cores / 2;
  if (most_tasks) pairs = std::min(pairs, (*most_tasks - std::min(*most_tasks, kept_free)) / 2);
  return std::max<std::size_t>(pairs, 1);
}

}  // namespace adit::node
