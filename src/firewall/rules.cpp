#include "firewall/rules.h"

namespace adit::firewall {

const Chain* Ruleset::beside(const Chain& other, std::string_view name) const {
  for (const Chain& chain : chains) {
    if (chain.name == name && chain.table == other.table && chain.family == other.family &&
        chain.tool == other.tool) {
      return &chain;
    }
  }
  return nullptr;
}

}  // namespace adit::firewall
