#include "options/config.h"

#include <algorithm>

namespace adit::options {

const Said* Config::said_of(std::string_view option) const {
  const auto found =
      std::find_if(said.rbegin(), said.rend(), [&](const Said& one) { return one.name == option; });
  return found == said.rend() ? nullptr : &*found;
}

}  // namespace adit::options
