#include "base/json.h"
#include "pki/calendar.h"
#include "pki/dates.h"
#include "pki/details.h"
#include "pki/import.h"
#include "pki/listing.h"
#include "pki/renew.h"
#include "pki/rotation.h"

namespace adit::pki {

namespace {

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
  if (entry.overlap_end) object["overlap_end"] = iso_text(*entry.overlap_end);
  const bool watched = entry.state == State::valid && !entry.overlap_end;
  if (const auto step = warning_step(entry.not_after, now); watched && step) {
    object["warning"] = *step;
  }
  return object;
}

Json array_of(std::span<const Entry> entries, WallTime now) {
  Json list = Json::array();
  for (const Entry& entry : entries) list.push_back(object_of(entry, now));
  return list;
}

std::string whole_text(const Json& json) { return json.dump(2) + "\n"; }

}  // namespace

std::string render_json(std::span<const Entry> entries, WallTime now) {
  return whole_text(array_of(entries, now));
}

std::string render_json(const Entry& entry, WallTime now) {
  return whole_text(object_of(entry, now));
}

std::string render_json(const Imported& imported) {
  return whole_text({{"source", imported.source},
                     {"layout", name(imported.layout)},
                     {"was_there", imported.was_there},
                     {"can_sign", imported.can_sign},
                     {"certificates", imported.certificates},
                     {"revoked", imported.revoked},
                     {"keys", imported.keys},
                     {"notes", imported.notes}});
}

std::string render_json(const Renewed& renewed, WallTime now) {
  return whole_text({{"now", object_of(renewed.now, now)},
                     {"before", object_of(renewed.before, now)},
                     {"new_key", renewed.new_key}});
}

std::string render_json(const Rotation& rotation, WallTime now) {
  return whole_text({{"stage", name(rotation.stage)},
                     {"from", object_of(rotation.from, now)},
                     {"to", rotation.to ? object_of(*rotation.to, now) : Json()},
                     {"bridged", rotation.bridged},
                     {"servers_left", array_of(rotation.servers_left, now)},
                     {"clients_left", array_of(rotation.clients_left, now)},
                     {"not_exported", array_of(rotation.not_exported, now)},
                     {"unstated", array_of(rotation.unstated, now)},
                     {"renewed", rotation.renewed}});
}

std::string render_exported_json(const std::string& name, const std::string& file,
                                 const std::string& profile) {
  Json object{{"name", name}};
  if (!file.empty()) object["file"] = file;
  if (!profile.empty()) object["profile"] = profile;
  return whole_text(object);
}

std::string render_details_json(const Details& details, WallTime now) {
  Json object = object_of(details.entry, now);
  object["subject"] = details.subject;
  object["issuer"] = details.issuer;
  object["key"] = details.key;
  object["signature"] = details.signature;
  object["fingerprint"] = details.fingerprint;
  object["file"] = details.file;
  object["has_key"] = details.has_key;
  object["key_is_protected"] = details.key_is_protected;
  object["weaknesses"] = details.weaknesses;
  object["others"] = array_of(details.others, now);
  return whole_text(object);
}

}  // namespace adit::pki
