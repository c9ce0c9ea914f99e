// Revokes: the list first, then the index, then the files are set aside. repair() reads a list that
// ran ahead of the index, so a revocation that reached the disk is never lost; files that still
// wait are moved by the next command that meets them.

#include "pki/calendar.h"
#include "pki/crl.h"
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

Status mark_revoked(Ledger& ledger, const std::string& serial, Reason reason, WallTime now,
                    std::chrono::days crl_lifetime) {
  const auto ca_key = load_ca_key(ledger);
  if (!ca_key) return fail_with(ca_key.error());
  const Index before = ledger.index;
  ledger.index.revoke(serial, {now, reason == Reason::unspecified ? "" : name(reason)});
  const Status done = save_crl(ledger, ca_key->get(), now, crl_lifetime).and_then([&] {
    return save_index(ledger);
  });
  if (!done) ledger.index = before;
  return done;
}

}  // namespace

Result<Entry> Authority::revoke(const Name& name, Reason reason, WallTime now,
                                std::chrono::days crl_lifetime) {
  if (auto ok = check_lifetime(crl_lifetime); !ok) return fail_with(ok.error());
  const auto serial = serial_for(*ledger_, name);
  if (!serial) return fail_with(serial.error());
  if (ledger_->index.find(*serial)->mark != Row::Mark::revoked) {
    const Status done = mark_revoked(*ledger_, *serial, reason, now, crl_lifetime);
    if (!done) return fail_with(done.error());
  }
  if (auto done = set_aside(*ledger_, name, *serial, Shelf::revoked); !done) {
    return fail_with(done.error());
  }
  const Row& row = *ledger_->index.find(*serial);
  return entry_of(row, find_facts(ledger_->disk, row), now);
}

Status Authority::publish_crl(WallTime now, std::chrono::days crl_lifetime) {
  if (auto ok = check_lifetime(crl_lifetime); !ok) return ok;
  const auto ca_key = load_ca_key(*ledger_);
  if (!ca_key) return fail_with(ca_key.error());
  return save_crl(*ledger_, ca_key->get(), now, crl_lifetime);
}

}  // namespace adit::pki
