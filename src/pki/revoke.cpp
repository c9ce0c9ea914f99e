// Revokes: the list first, then the index, then the files are set aside. repair() reads a list that
// ran ahead of the index, so a revocation that reached the disk is never lost; files that still
// wait are moved by the next command that meets them.

#include "pki/calendar.h"
#include "pki/layout.h"
#include "pki/ledger.h"

namespace adit::pki {

namespace {

tl::unexpected<Error> already_revoked(const Row& row) {
  return fail_with({fmt::format("{} was revoked already, on {}", row.common_name(),
                                day_text(row.revocation->at)),
                    "\"adit pki crl\" writes a fresh revocation list"});
}

// Which of perhaps several certificates the name means: the one in issued/, otherwise the newest
// that is not revoked.
Result<std::string> serial_for(const Ledger& ledger, const Name& name) {
  const std::string issued = issued_serial(ledger.disk, name);
  if (!issued.empty() && ledger.index.find(issued) != nullptr) return issued;
  const auto rows = ledger.index.named(name.text());
  for (auto row = rows.rbegin(); row != rows.rend(); ++row) {
    if ((*row)->mark != Row::Mark::revoked) return (*row)->serial;
  }
  if (!rows.empty()) return already_revoked(*rows.back());
  return fail_with({fmt::format("there is no certificate of the name {}", name.text()),
                    "see the names with: adit pki list"});
}

// The list that must name it is the one of whoever signed it.
Status check_signer(const Ledger& ledger, const Row& row) {
  const Certificate certificate = find_certificate(ledger.disk, row);
  const bool of_previous = certificate && ledger.previous &&
                           signed_by(certificate.get(), ledger.previous->certificate.get());
  if (!of_previous) {
    const auto key = load_ca_key(ledger);
    return key ? Status{} : Status(fail_with(key.error()));
  }
  if (ledger.disk.exists(layout::previous_key)) return {};
  return fail_with({fmt::format("cannot revoke {}: the key of the authority that signed it is not "
                                "here",
                                row.common_name()),
                    "end all its certificates with: adit pki rotate-ca finish"});
}

// The certificate and those that it followed and that are still in force.
std::vector<Revoked> revocations_for(const Ledger& ledger, const std::string& serial, Reason reason,
                                     WallTime now) {
  const Revocation revocation{now, reason == Reason::unspecified ? "" : name(reason)};
  std::vector<Revoked> revoked;
  if (ledger.index.find(serial)->mark != Row::Mark::revoked)
    revoked.push_back({serial, revocation});
  for (const std::string& before : predecessors(ledger.overlaps, serial)) {
    const Row* row = ledger.index.find(before);
    if (row != nullptr && row->usable(now)) revoked.push_back({before, revocation});
  }
  return revoked;
}

Status end_all(Ledger& ledger, const std::string& serial, Reason reason, WallTime now,
               std::chrono::days crl_lifetime) {
  const auto revoked = revocations_for(ledger, serial, reason, now);
  if (revoked.empty()) return {};
  for (const auto& [each, revocation] : revoked) {
    if (auto ok = check_signer(ledger, *ledger.index.find(each)); !ok) return ok;
  }
  return publish(ledger, now, crl_lifetime, revoked);
}

}  // namespace

Result<Entry> Authority::revoke(const Name& name, Reason reason, WallTime now,
                                std::chrono::days crl_lifetime) {
  if (auto ok = check_lifetime(crl_lifetime); !ok) return fail_with(ok.error());
  const Name file = file_name(*ledger_, name);
  const auto serial = serial_for(*ledger_, file);
  if (!serial) return fail_with(serial.error());
  const Status ended = end_all(*ledger_, *serial, reason, now, crl_lifetime);
  if (!ended) return fail_with(ended.error());
  if (auto done = set_aside(*ledger_, file, *serial, Shelf::revoked); !done) {
    return fail_with(done.error());
  }
  return entry_of(*ledger_, *ledger_->index.find(*serial), now);
}

Status Authority::publish_crl(WallTime now, std::chrono::days crl_lifetime) {
  if (auto ok = check_lifetime(crl_lifetime); !ok) return ok;
  if (const auto key = load_ca_key(*ledger_); !key) return fail_with(key.error());
  return publish(*ledger_, now, crl_lifetime);
}

}  // namespace adit::pki
