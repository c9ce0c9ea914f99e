#include "pki/signing.h"

#include <algorithm>

#include "pki/calendar.h"
#include "pki/layout.h"
#include "pki/serial.h"

namespace adit::pki {

namespace {

bool is_bridged(const Ledger& ledger) {
  return ledger.previous && ledger.disk.exists(layout::cross_certificate);
}

}  // namespace

Status check_authority(const Ledger& ledger, WallTime now) {
  const WallTime end = ledger.ca_facts.validity.until;
  if (now <= end) return {};
  return fail_with({fmt::format("the authority's own certificate expired on {}", day_text(end)),
                    "change to a new authority: adit pki rotate-ca"});
}

KeyType type_for(const Ledger& ledger, const std::optional<KeyType>& wished) {
  if (wished) return *wished;
  return type_of(X509_get0_pubkey(ledger.ca.get())).value_or(KeyType::ecdsa_p256);
}

Validity validity_for(const Ledger& ledger, std::chrono::days lifetime, WallTime now) {
  return {now, std::min(after(now, lifetime), ledger.ca_facts.validity.until)};
}

Signer signer_of(const Ledger& ledger, EVP_PKEY* ca_key) {
  return {ledger.ca.get(), ca_key, is_bridged(ledger)};
}

Result<std::string> issued_text(const Ledger& ledger, X509* certificate) {
  std::string text = render_described(certificate);
  const bool crosses = may_serve(facts_of(certificate).kind) && is_bridged(ledger) &&
                       signed_by(certificate, ledger.ca.get());
  if (!crosses) return text;
  const auto cross = ledger.disk.read(layout::cross_certificate);
  if (!cross) return fail_with(cross.error());
  return text + cross->reveal();
}

Status save_signed(Disk& disk, X509* certificate) {
  return disk.write(layout::certificate_by_serial(facts_of(certificate).serial),
                    render_described(certificate), public_mode);
}

Status enter_signed(Ledger& ledger, const Facts& facts) {
  return ledger.disk.write(layout::serial, successor(facts.serial) + "\n", private_mode)
      .and_then([&] {
        ledger.index.add(
            {.not_after = facts.validity.until, .serial = facts.serial, .subject = facts.subject});
        return save_index(ledger);
      });
}

namespace {

// The old key is kept before the new one takes its place; the new one's copy goes last.
Status replace_key(Disk& disk, const Name& name, const Overlap& overlap) {
  const std::string kept = layout::renewed_key(overlap.before);
  if (!disk.exists(kept) && disk.exists(layout::key_of(name))) {
    const auto old_key = disk.read(layout::key_of(name));
    if (!old_key) return fail_with(old_key.error());
    if (auto done = disk.write(kept, old_key->reveal(), private_mode); !done) return done;
  }
  const auto key = disk.read(layout::renewed_key(overlap.after));
  if (!key) return fail_with(key.error());
  return disk.write(layout::key_of(name), key->reveal(), private_mode);
}

Status replace_certificate(Ledger& ledger, const Name& name, const Overlap& overlap) {
  const auto certificate =
      load_certificate(ledger.disk, layout::certificate_by_serial(overlap.after));
  if (!certificate) return fail_with(certificate.error());
  const auto text = issued_text(ledger, certificate->get());
  if (!text) return fail_with(text.error());
  return ledger.disk.write(layout::certificate_of(name), *text, public_mode);
}

}  // namespace

Result<bool> finish_renewal(Ledger& ledger, const Overlap& overlap) {
  const auto name = Name::existing(overlap.name);
  if (!name) return false;
  const std::string staged = layout::renewed_key(overlap.after);
  const bool new_key = ledger.disk.exists(staged);
  const bool old_stands = issued_serial(ledger.disk, *name) == overlap.before;
  if (!old_stands && !new_key) return false;
  // The name may have gone on to another certificate since; then the key that waits is nobody's.
  const bool ours = old_stands || issued_serial(ledger.disk, *name) == overlap.after;
  Status done;
  if (ours && new_key) done = replace_key(ledger.disk, *name, overlap);
  if (done && old_stands) done = replace_certificate(ledger, *name, overlap);
  if (done && new_key) done = ledger.disk.remove(staged);
  if (!done) return fail_with(done.error());
  return true;
}

}  // namespace adit::pki
