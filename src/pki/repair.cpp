// What an interrupted command leaves, and how the next one finishes it:
//
//   temporary files                          removed
//   a signed certificate not in the index    entered as valid, and put into issued/
//   a serial in crl.pem, valid in the index  entered as revoked
//
// Other leftovers mean nothing until a command meets them: a lone key is taken up by issue(), the
// files of a revoked certificate are set aside by revoke() and issue().

#include <array>

#include "pki/calendar.h"
#include "pki/crl.h"
#include "pki/layout.h"
#include "pki/ledger.h"

namespace adit::pki {

namespace {

Status sweep(Disk& disk) {
  for (const std::string_view folder : {std::string_view("."), layout::private_keys, layout::issued,
                                        layout::by_serial, layout::tls_crypt_v2_clients}) {
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
  if (auto done = put_into_issued(ledger.disk, source, facts); !done) return done;
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
  const bool foreign = !signed_by(certificate->get(), ledger.ca.get());
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

void enter_revocations(Ledger& ledger) {
  const auto pem = ledger.disk.read(layout::crl);
  if (!pem) return;  // a directory may have none yet
  for (RevokedSerial& revoked : read_crl(pem->reveal(), ledger.ca.get())) {
    const Row* row = ledger.index.find(revoked.serial);
    if (row == nullptr || row->mark == Row::Mark::revoked) continue;
    ledger.repairs.push_back(
        fmt::format("{} was revoked on {} but not marked so in the index; it is now",
                    row->common_name(), day_text(revoked.revocation.at)));
    ledger.index.revoke(revoked.serial, std::move(revoked.revocation));
  }
}

}  // namespace

Status repair(Ledger& ledger) {
  if (auto done = sweep(ledger.disk); !done) return done;
  const std::string before = ledger.index.render();
  if (auto done = enter_certificates(ledger); !done) return done;
  enter_revocations(ledger);
  return ledger.index.render() == before ? Status{} : save_index(ledger);
}

}  // namespace adit::pki
