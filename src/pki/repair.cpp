// What an interrupted command leaves, and how the next one finishes it:
//
//   temporary files                          removed
//   a signed certificate not in the index    entered as valid, and put into issued/
//   a serial in crl.pem, valid in the index  entered as revoked
//   a renewed certificate still in issued/   replaced by the one that follows it, with its key
//   an authority that was to take its place  takes it
//   a line of overlap.txt without follower   removed, with the key that was made for it
//
// What a server needs and other tools do not make is made as well: the bundle of authorities, and
// the key for tls-crypt-v2. Other leftovers mean nothing until a command meets them: a lone key is
// taken up by issue(), the files of a revoked certificate are set aside by revoke() and issue().

#include <algorithm>
#include <array>

#include "pki/calendar.h"
#include "pki/crl.h"
#include "pki/layout.h"
#include "pki/ledger.h"
#include "pki/rotation_steps.h"
#include "pki/signing.h"

namespace adit::pki {

namespace {

Status sweep(Disk& disk) {
  for (const std::string_view folder :
       {std::string_view("."), layout::private_keys, layout::issued, layout::by_serial,
        layout::tls_crypt_v2_clients, layout::renewed_folders[1], layout::rotation,
        layout::retired}) {
    if (auto done = disk.sweep(folder); !done) return done;
  }
  return {};
}

// The description stays with the certificate, so the file is copied as it is.
Status put_into_issued(Disk& disk, const std::string& source, const Facts& facts) {
  const auto name = Name::existing(facts.common_name);
  if (!name || disk.exists(layout::certificate_of(*name))) return {};
  const auto text = disk.read(source);
  if (!text) return fail_with(text.error());
  return disk.write(layout::certificate_of(*name), text->reveal(), public_mode);
}

Status enter(Ledger& ledger, const std::string& source, const Facts& facts) {
  // Where a renewal goes is written down; finish_renewals() puts it there.
  const bool renewal =
      std::ranges::find(ledger.overlaps, facts.serial, &Overlap::after) != ledger.overlaps.end();
  if (!renewal) {
    if (auto done = put_into_issued(ledger.disk, source, facts); !done) return done;
  }
  ledger.index.add(
      {.not_after = facts.validity.until, .serial = facts.serial, .subject = facts.subject});
  ledger.repairs.push_back(
      fmt::format("{} was not in the index; it is now", ledger.disk.path_of(source)));
  return {};
}

Status enter_unless_known(Ledger& ledger, const std::string& file) {
  const auto certificate = load_certificate(ledger.disk, file);
  if (!certificate) {
    ledger.repairs.push_back(fmt::format("left alone: {}", certificate.error().what));
    return {};
  }
  const Facts facts = facts_of(certificate->get());
  const bool known = ledger.index.find(facts.serial) != nullptr;
  const bool foreign = std::ranges::none_of(
      authorities_of(ledger), [&](X509* each) { return signed_by(certificate->get(), each); });
  return known || foreign ? Status{} : enter(ledger, file, facts);
}

Status enter_certificates(Ledger& ledger) {
  for (const std::string& file : ledger.disk.files_in(layout::by_serial)) {
    const bool known = ledger.index.find(file.substr(0, file.find('.'))) != nullptr;
    if (known || !file.ends_with(".pem")) continue;
    const auto path = fmt::format("{}/{}", layout::by_serial, file);
    if (auto done = enter_unless_known(ledger, path); !done) return done;
  }
  for (const std::string& file : ledger.disk.files_in(layout::issued)) {
    if (!file.ends_with(".crt")) continue;
    const auto path = fmt::format("{}/{}", layout::issued, file);
    if (auto done = enter_unless_known(ledger, path); !done) return done;
  }
  return {};
}

void enter_revocations_again(Ledger& ledger) {
  const auto pem = ledger.disk.read(layout::crl);
  if (!pem) return;  // a directory may have none yet
  for (RevokedSerial& revoked : read_crl(pem->reveal(), authorities_of(ledger))) {
    const Row* row = ledger.index.find(revoked.serial);
    if (row == nullptr || row->mark == Row::Mark::revoked) continue;
    ledger.repairs.push_back(
        fmt::format("{} was revoked on {} but not marked so in the index; it is now",
                    row->common_name(), day_text(revoked.revocation.at)));
    ledger.index.revoke(revoked.serial, std::move(revoked.revocation));
  }
}

Status finish_rotation_step(Ledger& ledger) {
  const bool began = ledger.next && ledger.previous;
  if (auto done = finish_switch(ledger); !done) return done;
  if (began) {
    ledger.repairs.push_back(
        fmt::format("the authority {} has taken its place", ledger.ca_facts.common_name));
  }
  return tidy_rotation(ledger);
}

Status finish_renewals(Ledger& ledger) {
  for (const Overlap& overlap : ledger.overlaps) {
    if (ledger.index.find(overlap.after) == nullptr) continue;
    const auto finished = finish_renewal(ledger, overlap);
    if (!finished) return fail_with(finished.error());
    if (*finished) ledger.repairs.push_back(fmt::format("finished renewing {}", overlap.name));
  }
  return {};
}

Status drop_vain_renewals(Ledger& ledger) {
  const auto vain = [&](const Overlap& overlap) {
    return ledger.index.find(overlap.after) == nullptr;
  };
  for (const Overlap& overlap : ledger.overlaps) {
    if (!vain(overlap)) continue;
    if (auto done = ledger.disk.remove(layout::renewed_key(overlap.after)); !done) return done;
  }
  return std::erase_if(ledger.overlaps, vain) == 0 ? Status{} : save_overlaps(ledger);
}

}  // namespace

Status repair(Ledger& ledger) {
  if (auto done = sweep(ledger.disk); !done) return done;
  if (auto done = finish_rotation_step(ledger); !done) return done;
  const std::string before = ledger.index.render();
  if (auto done = enter_certificates(ledger); !done) return done;
  enter_revocations_again(ledger);
  if (ledger.index.render() != before) {
    if (auto done = save_index(ledger); !done) return done;
  }
  return finish_renewals(ledger)
      .and_then([&] { return drop_vain_renewals(ledger); })
      .and_then([&] { return save_bundle(ledger); })
      .and_then([&] { return prepare_tls_crypt_v2(ledger.disk); });
}

}  // namespace adit::pki
