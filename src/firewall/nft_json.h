#pragma once

#include <string>

#include <nlohmann/json.hpp>

namespace adit::firewall {

// Members of what nft prints. None of these minds what it is given: a member that is not there, or
// is something else, is empty.
inline const nlohmann::json* member(const nlohmann::json& object, const char* name) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(name);
  return found == object.end() ? nullptr : &*found;
}

inline std::string word(const nlohmann::json& object, const char* name) {
  const nlohmann::json* found = member(object, name);
  return found != nullptr && found->is_string() ? found->get<std::string>() : std::string();
}

inline long long number(const nlohmann::json& object, const char* name) {
  const nlohmann::json* found = member(object, name);
  return found != nullptr && found->is_number_integer() ? found->get<long long>() : 0;
}

inline bool is_set(const nlohmann::json& object, const char* name) {
  const nlohmann::json* found = member(object, name);
  return found != nullptr && found->is_boolean() && found->get<bool>();
}

// To be walked through: an empty list when it is none.
inline const nlohmann::json& list(const nlohmann::json* found) {
  static const nlohmann::json none = nlohmann::json::array();
  return found != nullptr && found->is_array() ? *found : none;
}

}  // namespace adit::firewall
