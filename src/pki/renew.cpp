// Renews a certificate, in this order: the line in overlap.txt, a new key beside the old one,
// certs_by_serial/, serial, index, then key and issued/ change places. Before certs_by_serial/ the
// old certificate is in force and the line says nothing; after it, repair() finishes.

#include "pki/calendar.h"
#include "pki/layout.h"
#include "pki/ledger.h"
#include "pki/serial.h"
#include "pki/signing.h"
#include "pki/weakness.h"

namespace adit::pki {

namespace {

constexpr std::chrono::days longest_overlap{3650};

tl::unexpected<Error> refuse_renewal(const Name& name, std::string_view why,
                                     std::string_view advice) {
  return fail_with({fmt::format("cannot renew {}: {}", name.text(), why), std::string(advice)});
}

// What one renewal needs to know.
struct Plan {
  Certificate old;
  Facts facts;
  bool new_key = false;
  std::string serial;  // of the new certificate
};

Status check_renewal(const Ledger& ledger, const RenewRequest& request, WallTime now) {
  if (request.overlap.count() < 0 || request.overlap > longest_overlap) {
    return fail_with({fmt::format("an overlap of {} days is not possible", request.overlap.count()),
                      fmt::format("choose 0 to {} days", longest_overlap.count())});
  }
  return check_lifetime(request.lifetime)
      .and_then([&] { return check_passphrase(request.passphrase); })
      .and_then([&] { return check_authority(ledger, now); });
}

Result<Certificate> current_certificate(const Ledger& ledger, const Name& name) {
  if (!ledger.disk.exists(layout::certificate_of(name))) {
    return refuse_renewal(name, "it has no certificate", "see the names with: adit pki list");
  }
  auto certificate = load_certificate(ledger.disk, layout::certificate_of(name));
  if (!certificate) return certificate;
  const Row* row = ledger.index.find(facts_of(certificate->get()).serial);
  if (row == nullptr) return refuse_renewal(name, "another authority signed its certificate", "");
  if (row->mark == Row::Mark::revoked) {
    return refuse_renewal(name, "its certificate is revoked",
                          "issue a new one with: adit pki client, or: adit pki server");
  }
  return certificate;
}

Result<Plan> plan_for(const Ledger& ledger, const RenewRequest& request, Rng& rng) {
  auto old = current_certificate(ledger, request.name);
  if (!old) return fail_with(old.error());
  const bool wished = request.new_key || request.key_type || request.passphrase;
  const bool weak = is_weak_key(X509_get0_pubkey(old->get()));
  const Facts facts = facts_of(old->get());
  return Plan{std::move(*old), facts, wished || weak, draw_serial(rng, ledger.index)};
}

Status note_overlap(Ledger& ledger, const RenewRequest& request, const Plan& plan, WallTime now) {
  const WallTime end = std::min(after(now, request.overlap), plan.facts.validity.until);
  std::erase_if(ledger.overlaps,
                [&](const Overlap& overlap) { return overlap.before == plan.facts.serial; });
  ledger.overlaps.push_back({plan.facts.serial, end, plan.serial, request.name.text()});
  return save_overlaps(ledger);
}

Result<PrivateKey> stage_new_key(Ledger& ledger, const RenewRequest& request, const Plan& plan) {
  auto key = generate_key(type_for(ledger, request.key_type));
  if (!key) return key;
  for (const std::string_view folder : layout::renewed_folders) {
    if (auto done = ledger.disk.make_folder(folder); !done) return fail_with(done.error());
  }
  const Status saved =
      save_key(ledger.disk, layout::renewed_key(plan.serial), key->get(), request.passphrase);
  if (!saved) return fail_with(saved.error());
  return key;
}

Result<Certificate> sign(Ledger& ledger, const RenewRequest& request, const Plan& plan,
                         EVP_PKEY* ca_key, WallTime now) {
  const Signer signer = signer_of(ledger, ca_key);
  const Validity validity = validity_for(ledger, request.lifetime, now);
  if (!plan.new_key) {
    return make_successor(plan.old.get(), X509_get0_pubkey(plan.old.get()), plan.serial, validity,
                          signer);
  }
  const auto key = stage_new_key(ledger, request, plan);
  if (!key) return fail_with(key.error());
  return make_successor(plan.old.get(), key->get(), plan.serial, validity, signer);
}

Status put_in_force(Ledger& ledger, X509* certificate, const Plan& plan) {
  const Status entered = save_signed(ledger.disk, certificate).and_then([&] {
    return enter_signed(ledger, facts_of(certificate));
  });
  if (!entered) return entered;
  const auto finished = finish_renewal(ledger, *find_overlap(ledger.overlaps, plan.facts.serial));
  return finished ? Status{} : Status(fail_with(finished.error()));
}

}  // namespace

Result<Renewed> Authority::renew(const RenewRequest& asked, Rng& rng, WallTime now) {
  Ledger& ledger = *ledger_;
  RenewRequest request = asked;
  request.name = file_name(ledger, asked.name);
  if (auto ok = check_renewal(ledger, request, now); !ok) return fail_with(ok.error());
  const auto ca_key = load_ca_key(ledger);
  if (!ca_key) return fail_with(ca_key.error());
  const auto plan = plan_for(ledger, request, rng);
  if (!plan) return fail_with(plan.error());
  if (auto done = note_overlap(ledger, request, *plan, now); !done) return fail_with(done.error());
  const auto made = sign(ledger, request, *plan, ca_key->get(), now);
  if (!made) return fail_with(made.error());
  Status done = put_in_force(ledger, made->get(), *plan);
  if (done && request.overlap.count() == 0) done = publish(ledger, now, crl_days);
  if (!done) return fail_with(done.error());
  return Renewed{entry_of(ledger, *ledger.index.find(plan->serial), now),
                 entry_of(ledger, *ledger.index.find(plan->facts.serial), now), plan->new_key};
}

}  // namespace adit::pki
