// Where a change of authority stands: who still has a certificate of the old one.

#include "pki/rotation.h"

#include "pki/layout.h"
#include "pki/ledger.h"
#include "pki/rotate.h"

namespace adit::pki {

const char* name(RotationStage stage) {
  switch (stage) {
    case RotationStage::none:
      return "none";
    case RotationStage::started:
      return "started";
    case RotationStage::switched:
      return "switched";
  }
  return "none";
}

namespace {

bool is_of(X509* certificate, const Sibling* authority) {
  return authority != nullptr && certificate != nullptr &&
         signed_by(certificate, authority->certificate.get());
}

// Before the switch everything is of the old authority; what has no file may be of either.
bool is_old(const Ledger& ledger, X509* certificate) {
  if (!ledger.previous) return true;
  return certificate == nullptr || is_of(certificate, &*ledger.previous);
}

void sort_in(const Ledger& ledger, const Row& row, const Entry& entry,
             const std::map<std::string, Name>& names, Rotation& rotation) {
  const Certificate certificate = find_certificate(ledger.disk, row);
  const bool unstated = certificate != nullptr && entry.kind == Kind::other;
  if (is_old(ledger, certificate.get())) {
    const bool early = serves(entry.kind) || unstated;
    (early ? rotation.servers_left : rotation.clients_left).push_back(entry);
    return;
  }
  if (unstated) return rotation.unstated.push_back(entry);
  const auto name = names.find(row.serial);
  const bool exported = name != names.end() && entry.not_before &&
                        is_exported(ledger.disk, name->second, *entry.not_before);
  if (!serves(entry.kind) && !exported) rotation.not_exported.push_back(entry);
}

Entry entry_of_authority(const Facts& facts, WallTime now) {
  return {.name = facts.common_name,
          .kind = Kind::ca,
          .serial = facts.serial,
          .not_before = facts.validity.from,
          .not_after = facts.validity.until,
          .state = now <= facts.validity.until ? State::valid : State::expired};
}

}  // namespace

std::vector<Entry> authority_entries(const Ledger& ledger, WallTime now) {
  std::vector<Entry> entries{entry_of_authority(ledger.ca_facts, now)};
  if (ledger.next) entries.push_back(entry_of_authority(ledger.next->facts, now));
  if (ledger.previous) {
    entries.push_back(entry_of_authority(ledger.previous->facts, now));
    entries.back().overlap_end = entries.back().not_after;
  }
  return entries;
}

Rotation rotation_of(const Ledger& ledger, WallTime now) {
  const auto authorities = authority_entries(ledger, now);
  Rotation rotation{.from = authorities.front()};
  if (ledger.next) {
    rotation.stage = RotationStage::started;
    rotation.to = authorities.back();
  } else if (ledger.previous) {
    rotation.stage = RotationStage::switched;
    rotation.from = authorities.back();
    rotation.to = authorities.front();
  } else {
    return rotation;
  }
  rotation.bridged = ledger.disk.exists(layout::cross_certificate);
  const auto names = names_by_serial(ledger.disk);
  for (const Row& row : ledger.index.rows()) {
    const Entry entry = entry_of(ledger, row, now);
    if (entry.state != State::valid || entry.overlap_end) continue;
    sort_in(ledger, row, entry, names, rotation);
  }
  return rotation;
}

Rotation Authority::rotation(WallTime now) const { return rotation_of(*ledger_, now); }

}  // namespace adit::pki
