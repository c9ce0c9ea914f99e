#include "pki/ledger.h"

#include "pki/calendar.h"
#include "pki/crl.h"
#include "pki/layout.h"

namespace adit::pki {

namespace {

constexpr std::chrono::days longest_lifetime{36525};

Status check_complete(const Disk& disk) {
  for (const auto file : {layout::ca_certificate, layout::index}) {
    if (disk.exists(file)) continue;
    return fail_with({fmt::format("cannot open the authority: {} is missing", disk.path_of(file)),
                      "make or finish one with: adit pki init"});
  }
  return {};
}

// Everywhere that we or easy-rsa may have put the certificate of a row.
std::vector<std::string> places_of(const Row& row) {
  std::vector<std::string> places{layout::certificate_by_serial(row.serial)};
  for (const char* shelf : {"revoked", "expired", "renewed"}) {
    places.push_back(fmt::format("{}/certs_by_serial/{}.crt", shelf, row.serial));
  }
  if (const auto name = Name::existing(row.common_name())) {
    places.push_back(layout::certificate_of(*name));
    places.push_back(fmt::format("renewed/issued/{}.crt", name->text()));
  }
  return places;
}

}  // namespace

Result<Ledger> load_ledger(Disk disk, AskPassphrase ask) {
  if (auto complete = check_complete(disk); !complete) return fail_with(complete.error());
  auto ca = load_certificate(disk, layout::ca_certificate);
  if (!ca) return fail_with(ca.error());
  const auto text = disk.read(layout::index);
  if (!text) return fail_with(text.error());
  auto index = Index::parse(text->reveal(), disk.path_of(layout::index));
  if (!index) return fail_with(index.error());
  const Facts facts = facts_of(ca->get());
  return Ledger{std::move(disk), std::move(ask), std::move(*ca), facts, std::move(*index), {}};
}

Result<PrivateKey> load_key(const Disk& disk, std::string_view file, const AskPassphrase& ask) {
  const auto pem = disk.read(file);
  if (!pem) return fail_with(pem.error());
  return parse_key(*pem, disk.path_of(file), ask);
}

Result<PrivateKey> load_ca_key(const Ledger& ledger) {
  auto key = load_key(ledger.disk, layout::ca_key, ledger.ask);
  if (key && !belongs_to(key->get(), ledger.ca.get())) {
    return fail_with({fmt::format("{} is not the key of {}", ledger.disk.path_of(layout::ca_key),
                                  ledger.disk.path_of(layout::ca_certificate)),
                      "restore the two from the same backup"});
  }
  return key;
}

Result<Certificate> load_certificate(const Disk& disk, std::string_view file) {
  const auto text = disk.read(file);
  if (!text) return fail_with(text.error());
  return parse_certificate(text->reveal(), disk.path_of(file));
}

std::string issued_serial(const Disk& disk, const Name& name) {
  const auto certificate = load_certificate(disk, layout::certificate_of(name));
  return certificate ? facts_of(certificate->get()).serial : std::string();
}

std::optional<Facts> find_facts(const Disk& disk, const Row& row) {
  for (const std::string& place : places_of(row)) {
    if (!disk.exists(place)) continue;
    const auto certificate = load_certificate(disk, place);
    if (!certificate) continue;
    Facts facts = facts_of(certificate->get());
    if (facts.serial == row.serial) return facts;
  }
  return std::nullopt;
}

Status save_index(Ledger& ledger) {
  return ledger.disk.write(layout::index, ledger.index.render(), private_mode);
}

Status save_key(Disk& disk, std::string_view file, EVP_PKEY* key) {
  const auto pem = render_key(key);
  if (!pem) return fail_with(pem.error());
  return disk.write(file, pem->reveal(), private_mode);
}

Status save_crl(Ledger& ledger, EVP_PKEY* ca_key, WallTime now, std::chrono::days lifetime) {
  const auto crl =
      make_crl(ledger.index, {now, after(now, lifetime)}, Signer{ledger.ca.get(), ca_key});
  if (!crl) return fail_with(crl.error());
  return ledger.disk.write(layout::crl, *crl, public_mode);
}

Status check_lifetime(std::chrono::days lifetime) {
  if (lifetime.count() >= 1 && lifetime <= longest_lifetime) return {};
  return fail_with({fmt::format("a lifetime of {} days is not possible", lifetime.count()),
                    fmt::format("choose 1 to {} days", longest_lifetime.count())});
}

Entry entry_of(const Row& row, const std::optional<Facts>& facts, WallTime now) {
  Entry entry;
  entry.name = row.common_name();
  entry.serial = row.serial;
  entry.not_after = row.not_after;
  entry.revocation = row.revocation;
  if (row.mark == Row::Mark::revoked) {
    entry.state = State::revoked;
  } else {
    entry.state = row.usable(now) ? State::valid : State::expired;
  }
  if (facts) {
    entry.kind = facts->kind;
    entry.not_before = facts->validity.from;
  }
  return entry;
}

}  // namespace adit::pki
