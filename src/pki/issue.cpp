// Issues a certificate, in this order: key, certs_by_serial/, issued/, serial, index. Whatever the
// interruption, either nothing is signed or repair() finds the signed certificate.

#include "pki/calendar.h"
#include "pki/layout.h"
#include "pki/ledger.h"
#include "pki/serial.h"
#include "pki/signing.h"

namespace adit::pki {

namespace {

// By common name and by file: easy-rsa lets the two differ.
std::vector<const Row*> rows_of(const Ledger& ledger, const Name& name) {
  std::vector<const Row*> rows = ledger.index.named(name.text());
  rows.push_back(ledger.index.find(issued_serial(ledger.disk, name)));
  return rows;
}

Status check_free(const Ledger& ledger, const Name& name, WallTime now) {
  for (const Row* row : rows_of(ledger, name)) {
    if (row == nullptr || !row->usable(now)) continue;
    return fail_with({fmt::format("{} has a certificate that is valid until {}", name.text(),
                                  day_text(row->not_after)),
                      fmt::format("use it: adit pki export {0}, renew it: adit pki renew "
                                  "{0}, or end it: adit pki revoke {0}",
                                  name.text())});
  }
  if (ledger.disk.exists(layout::request_of(name)) &&
      !ledger.disk.exists(layout::certificate_of(name))) {
    return fail_with(
        {fmt::format("a request waits in {}", ledger.disk.path_of(layout::request_of(name))),
         "sign it with easy-rsa, or remove it together with its key"});
  }
  return {};
}

// A name whose certificate is over is free again, once the old files are out of the way.
Status clear_name(Ledger& ledger, const Name& name) {
  const std::string serial = issued_serial(ledger.disk, name);
  const Row* row = serial.empty() ? nullptr : ledger.index.find(serial);
  if (row != nullptr) {
    const bool revoked = row->mark == Row::Mark::revoked;
    return set_aside(ledger, name, serial, revoked ? Shelf::revoked : Shelf::expired);
  }
  if (!ledger.disk.exists(layout::certificate_of(name))) return {};
  return fail_with({fmt::format("{} is not a certificate of this authority",
                                ledger.disk.path_of(layout::certificate_of(name))),
                    "move the file away, or choose another name"});
}

tl::unexpected<Error> unfit_key(const Disk& disk, const std::string& file, std::string_view why) {
  return fail_with({fmt::format("the key {} exists and {}", disk.path_of(file), why),
                    "if no certificate needs it, move the file away and repeat the command"});
}

// A key without a certificate is what an interrupted issue() left: it is as good as a new one.
Result<PrivateKey> key_of_request(Ledger& ledger, const CertificateRequest& request) {
  const std::string file = layout::key_of(request.name);
  const KeyType type = type_for(ledger, request.key_type);
  if (!ledger.disk.exists(file)) {
    auto key = generate_key(type);
    if (!key) return key;
    const Status saved = save_key(ledger.disk, file, key->get(), request.passphrase);
    if (!saved) return fail_with(saved.error());
    return key;
  }
  bool asked = false;
  auto key = load_key(ledger.disk, file, [&](const std::string&) {
    asked = true;
    return request.passphrase;
  });
  if (!key || type_of(key->get()) != type) {
    if (asked) return unfit_key(ledger.disk, file, "has another passphrase");
    return unfit_key(ledger.disk, file,
                     fmt::format("is not of the type asked for ({})", name(type)));
  }
  if (request.passphrase && !asked) return unfit_key(ledger.disk, file, "has no passphrase");
  return key;
}

Status record(Ledger& ledger, const Name& name, X509* certificate) {
  const auto text = issued_text(ledger, certificate);
  if (!text) return fail_with(text.error());
  return save_signed(ledger.disk, certificate)
      .and_then([&] { return ledger.disk.write(layout::certificate_of(name), *text, public_mode); })
      .and_then([&] { return enter_signed(ledger, facts_of(certificate)); });
}

Status check_issue(const Ledger& ledger, const CertificateRequest& request, WallTime now) {
  if (request.kind != Kind::server && request.kind != Kind::client) {
    return fail("only server and client certificates are issued, not {}", name(request.kind));
  }
  if (auto fresh = Name::parse(request.name.text()); !fresh) return fail_with(fresh.error());
  return check_lifetime(request.lifetime)
      .and_then([&] { return check_passphrase(request.passphrase); })
      .and_then([&] { return check_authority(ledger, now); })
      .and_then([&] { return check_free(ledger, request.name, now); });
}

}  // namespace

Result<Entry> Authority::issue(const CertificateRequest& request, Rng& rng, WallTime now) {
  if (auto ok = check_issue(*ledger_, request, now); !ok) return fail_with(ok.error());
  // The authority's key first: a wrong passphrase should leave nothing behind.
  const auto ca_key = load_ca_key(*ledger_);
  if (!ca_key) return fail_with(ca_key.error());
  if (auto done = clear_name(*ledger_, request.name); !done) return fail_with(done.error());
  const auto key = key_of_request(*ledger_, request);
  if (!key) return fail_with(key.error());
  const auto made = make_certificate(
      request.kind, request.name, key->get(), draw_serial(rng, ledger_->index),
      validity_for(*ledger_, request.lifetime, now), signer_of(*ledger_, ca_key->get()));
  if (!made) return fail_with(made.error());
  const Status done = record(*ledger_, request.name, made->get());
  if (!done) return fail_with(done.error());
  return entry_of(*ledger_, *ledger_->index.find(facts_of(made->get()).serial), now);
}

}  // namespace adit::pki
