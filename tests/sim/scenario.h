#pragma once

#include <string>

#include "tests/sim/world.h"

namespace adit::sim {

// A whole run drawn from a seed: terms, weather and misfortunes. Empty: everything held; otherwise
// what went wrong.
struct Verdict {
  std::string failure;
  std::string description;  // what the seed drew
};
[[nodiscard]] Verdict play(std::uint64_t seed);

}  // namespace adit::sim
