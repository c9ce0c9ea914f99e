#include "firewall/plan_check.h"

#include <algorithm>
#include <string_view>

namespace adit::firewall {

namespace {

constexpr std::size_t longest_owner = 64;
constexpr std::size_t longest_device = 15;  // IFNAMSIZ less the final zero

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool is_plain(char c) {
  return is_letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

bool is_plain_name(std::string_view name, std::size_t longest) {
  return !name.empty() && name.size() <= longest && std::ranges::all_of(name, is_plain);
}

Status check_map(const Map& map) {
  if (map.real.address.family() == map.shown.address.family() &&
      map.real.length == map.shown.length) {
    return {};
  }
  return fail_with(
      {"cannot show " + map.real.text() + " as " + map.shown.text() + ": their sizes differ",
       "translation is one to one: give both networks the same prefix length"});
}

Status check_access(const Access& access) {
  if (access.from.address.family() == access.to.address.family()) return {};
  return fail("access from {} to {}: one is IPv4 and the other IPv6", access.from.text(),
              access.to.text());
}

}  // namespace

Status check_plan(const Plan& plan) {
  if (!is_plain_name(plan.owner, longest_owner) || !is_letter(plan.owner.front())) {
    return fail(
        "\"{}\" cannot be part of the name of a firewall chain: letters, digits, '-', '_' "
        "and '.', and a letter first",
        plan.owner);
  }
  if (!is_plain_name(plan.device, longest_device)) {
    return fail("\"{}\" cannot be the name of a network device", plan.device);
  }
  for (const Map& map : plan.maps) {
    if (const Status good = check_map(map); !good) return good;
  }
  for (const Access& access : plan.denied) {
    if (const Status good = check_access(access); !good) return good;
  }
  return {};
}

}  // namespace adit::firewall
