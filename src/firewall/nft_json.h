#pragma once

#include <string>

#include "base/json.h"

namespace adit::firewall {

// Members of what nft prints. None of these minds what it is given: a member that is not there, or
// is something else, is empty.
inline std::string word(const Json& object, const char* name) {
  const Json* found = object.find(name);
  return found != nullptr && found->is_string() ? found->get<std::string>() : std::string();
}

inline long long number(const Json& object, const char* name) {
  const Json* found = object.find(name);
  return found != nullptr && found->is_number_integer() ? found->get<long long>() : 0;
}

inline bool is_set(const Json& object, const char* name) {
  const Json* found = object.find(name);
  return found != nullptr && found->is_boolean() && found->get<bool>();
}

// To be walked through: an empty list when it is none.
inline const Json& list(const Json* found) {
  static const Json none = Json::array();
  return found != nullptr && found->is_array() ? *found : none;
}

}  // namespace adit::firewall
