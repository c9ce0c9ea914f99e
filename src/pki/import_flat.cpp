// Sorts a flat directory into our tree.

#include <algorithm>

#include "base/text.h"
#include "pki/crl.h"
#include "pki/import_steps.h"
#include "pki/layout.h"
#include "pki/serial.h"

namespace adit::pki {

namespace {

// One certificate and what it is called from now on.
struct Place {
  const SourceCertificate* certificate = nullptr;
  std::optional<Name> name{};  // nothing: a newer one has the name
};

using Places = std::map<std::string, Place, std::less<>>;  // by serial

bool is_copy_by_serial(const SourceCertificate& certificate) {
  return to_upper(certificate.stem) == certificate.facts.serial;
}

// The same certificate may lie there twice: under its name and under its serial.
Places by_serial(const Source& source) {
  Places places;
  for (const SourceCertificate& each : source.certificates) {
    Place& place = places[each.facts.serial];
    if (place.certificate == nullptr || is_copy_by_serial(*place.certificate)) {
      place.certificate = &each;
    }
  }
  return places;
}

std::optional<Name> name_of(const SourceCertificate& certificate) {
  for (const std::string& text : {certificate.facts.common_name, certificate.stem}) {
    if (auto name = Name::existing(text)) return *name;
  }
  return std::nullopt;
}

// Revoked ones have no name any more; of the others the newest gets it.
void give_names(Places& places, const Index& index) {
  std::map<std::string, Place*> holders;
  for (auto& [serial, place] : places) {
    const auto name = name_of(*place.certificate);
    if (!name || index.find(serial)->mark == Row::Mark::revoked) continue;
    Place*& holder = holders[name->text()];
    const bool newer = holder == nullptr || holder->certificate->facts.validity.from <
                                                place.certificate->facts.validity.from;
    if (!newer) continue;
    if (holder != nullptr) holder->name.reset();
    place.name = *name;
    holder = &place;
  }
}

Result<Index> index_of(const Source& source) {
  auto index = source.index ? Index::parse(source.index->text.reveal(), source.index->name)
                            : Result<Index>(Index{});
  if (!index) return index;
  for (const SourceCertificate& each : source.certificates) {
    if (index->find(each.facts.serial) != nullptr) continue;
    index->add({.not_after = each.facts.validity.until,
                .serial = each.facts.serial,
                .subject = each.facts.subject});
  }
  return index;
}

// A list may name certificates of which nothing else is left; the next list must name them too.
void enter_revocations(Index& index, const Source& source) {
  X509* const ca = source.ca.get();
  for (const SourceFile& file : source.lists) {
    for (RevokedSerial& revoked : read_crl(file.text.reveal(), std::span(&ca, 1))) {
      const Row* row = index.find(revoked.serial);
      if (row == nullptr) {
        index.add({.not_after = facts_of(ca).validity.until,
                   .serial = revoked.serial,
                   .subject = "/CN=serial-" + revoked.serial});
      } else if (row->mark == Row::Mark::revoked) {
        continue;
      }
      index.revoke(revoked.serial, std::move(revoked.revocation));
    }
  }
}

const SourceKey* key_beside(const Source& source, const SourceCertificate& certificate) {
  for (const SourceKey& key : source.keys) {
    if (key.key && belongs_to(key.key.get(), certificate.certificate.get())) return &key;
  }
  for (const SourceKey& key : source.keys) {
    if (!key.key && key.stem == certificate.stem) return &key;
  }
  return nullptr;
}

Status save_certificate(Disk& disk, const Place& place, bool revoked) {
  const std::string& serial = place.certificate->facts.serial;
  const std::string text = render_described(place.certificate->certificate.get());
  const std::string file = revoked ? layout::shelved_certificate("revoked", serial)
                                   : layout::certificate_by_serial(serial);
  if (auto done = disk.write(file, text, public_mode); !done || !place.name) return done;
  return disk.write(layout::certificate_of(*place.name), text, public_mode);
}

Status save_key_of(Disk& disk, const Place& place, bool revoked, const SourceKey& key) {
  const std::string& serial = place.certificate->facts.serial;
  std::string file = layout::renewed_key(serial);
  if (revoked) file = fmt::format("revoked/private_by_serial/{}.key", serial);
  if (place.name) file = layout::key_of(*place.name);
  return disk.write(file, key.text.reveal(), private_mode);
}

Status save_request_of(Disk& disk, const Source& source, const Place& place) {
  const auto request =
      std::ranges::find(source.requests, place.certificate->stem, &SourceFile::stem);
  if (!place.name || request == source.requests.end()) return {};
  return disk.write(layout::request_of(*place.name), request->text.reveal(), private_mode);
}

void note_new_name(const Place& place, Imported& report) {
  if (!place.name || is_copy_by_serial(*place.certificate) ||
      place.certificate->stem == place.name->text()) {
    return;
  }
  report.notes.push_back(fmt::format("{} goes by its common name from now on: {}",
                                     place.certificate->file, place.name->text()));
}

Status save_places(Disk& disk, const Source& source, const Places& places, const Index& index,
                   Imported& report) {
  for (const auto& [serial, place] : places) {
    const bool revoked = index.find(serial)->mark == Row::Mark::revoked;
    Status done = save_certificate(disk, place, revoked);
    const SourceKey* key = key_beside(source, *place.certificate);
    if (done && key != nullptr) done = save_key_of(disk, place, revoked, *key);
    if (done) done = save_request_of(disk, source, place);
    if (!done) return done;
    if (key != nullptr) ++report.keys;
    note_new_name(place, report);
  }
  return {};
}

// Where a file goes that is neither certificate nor private key; empty when it stays.
std::string place_of(const SourceFile& file) {
  if (file.holds("DH PARAMETERS")) return "dh.pem";
  if (file.holds("tls-crypt-v2 server key")) return std::string(layout::tls_crypt_v2_server);
  if (file.holds("tls-crypt-v2 client key")) {
    const auto name = Name::existing(file.stem);
    return name ? layout::tls_crypt_v2_of(*name) : std::string();
  }
  return file.holds("OpenVPN Static key") && file.name.ends_with(".key") ? file.name
                                                                         : std::string();
}

Status save_others(Disk& disk, const Source& source, Imported& report) {
  for (const SourceFile& file : source.others) {
    const std::string place = place_of(file);
    if (place.empty() || disk.exists(place)) {
      report.notes.push_back(fmt::format("{} was left where it is", file.name));
      continue;
    }
    if (auto done = disk.write(place, file.text.reveal(), private_mode); !done) return done;
  }
  return {};
}

std::string next_serial(const Source& source, const Index& index) {
  if (source.serial) return source.serial->text.reveal();
  return index.rows().empty() ? "01\n" : successor(index.rows().back().serial) + "\n";
}

Status save_their_lists(Disk& disk, const Source& source) {
  for (const SourceFile& file : source.lists) {
    const auto list = find_crl(file.text.reveal(), source.ca.get());
    if (list) return disk.write(layout::crl, list->pem, public_mode);
  }
  return {};
}

Status save_authority(Disk& disk, const Source& source) {
  const Status done = disk.write(layout::ca_certificate, source.ca_text, public_mode);
  if (!done || !source.ca_key) return done;
  return disk.write(layout::ca_key, source.ca_key->text.reveal(), private_mode);
}

}  // namespace

Status import_flat(Disk& disk, const std::string& folder, Imported& report) {
  const auto source = read_source(folder);
  if (!source) return fail_with(source.error());
  auto index = index_of(*source);
  if (!index) return fail_with(index.error());
  enter_revocations(*index, *source);
  Places places = by_serial(*source);
  give_names(places, *index);
  report.notes = source->notes;
  return save_authority(disk, *source)
      .and_then([&] { return save_places(disk, *source, places, *index, report); })
      .and_then([&] { return save_others(disk, *source, report); })
      .and_then([&] { return save_their_lists(disk, *source); })
      .and_then(
          [&] { return disk.write(layout::serial, next_serial(*source, *index), private_mode); })
      .and_then([&] { return disk.write(layout::index, index->render(), private_mode); });
}

}  // namespace adit::pki
