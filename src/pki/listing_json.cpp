#include <nlohmann/json.hpp>

#include "pki/calendar.h"
#include "pki/listing.h"

namespace adit::pki {

namespace {

using Json = nlohmann::ordered_json;

Json object_of(const Entry& entry, WallTime now) {
  Json object{{"name", entry.name},
              {"kind", name(entry.kind)},
              {"serial", entry.serial},
              {"not_before", nullptr},
              {"not_after", iso_text(entry.not_after)},
              {"days_left", days_left(entry, now)},
              {"state", name(entry.state)}};
  if (entry.not_before) object["not_before"] = iso_text(*entry.not_before);
  if (entry.revocation) {
    object["revoked_at"] = iso_text(entry.revocation->at);
    object["reason"] = entry.revocation->reason.empty() ? "unspecified" : entry.revocation->reason;
  }
  return object;
}

}  // namespace

std::string render_json(std::span<const Entry> entries, WallTime now) {
  Json list = Json::array();
  for (const Entry& entry : entries) list.push_back(object_of(entry, now));
  // Names made by other tools may hold anything; a bad byte must not cost the whole list.
  return list.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace adit::pki
