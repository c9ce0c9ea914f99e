#include "pki/ledger.h"

#include <algorithm>
#include <memory>

#include "pki/calendar.h"
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
    places.push_back(layout::shelved_certificate(shelf, row.serial));
  }
  if (const auto name = Name::existing(row.common_name())) {
    places.push_back(layout::certificate_of(*name));
    places.push_back(fmt::format("renewed/issued/{}.crt", name->text()));
  }
  return places;
}

Result<std::optional<Sibling>> load_sibling(const Disk& disk, std::string_view file) {
  if (!disk.exists(file)) return std::nullopt;
  auto certificate = load_certificate(disk, file);
  if (!certificate) return fail_with(certificate.error());
  const Facts facts = facts_of(certificate->get());
  return Sibling{std::move(*certificate), facts};
}

Status load_siblings(Ledger& ledger) {
  auto next = load_sibling(ledger.disk, layout::next_certificate);
  if (!next) return fail_with(next.error());
  auto previous = load_sibling(ledger.disk, layout::previous_certificate);
  if (!previous) return fail_with(previous.error());
  ledger.next = std::move(*next);
  ledger.previous = std::move(*previous);
  return {};
}

Status load_overlaps(Ledger& ledger) {
  if (!ledger.disk.exists(layout::overlaps)) return {};
  const auto text = ledger.disk.read(layout::overlaps);
  if (!text) return fail_with(text.error());
  auto overlaps = parse_overlaps(text->reveal(), ledger.disk.path_of(layout::overlaps));
  if (!overlaps) return fail_with(overlaps.error());
  ledger.overlaps = std::move(*overlaps);
  return {};
}

Result<std::string> certificates_in(const Disk& disk, std::string_view file) {
  const auto text = disk.read(file);
  if (!text) return fail_with(text.error());
  const auto all = parse_certificates(text->reveal(), disk.path_of(file));
  if (!all) return fail_with(all.error());
  std::string pem;
  for (const Certificate& certificate : *all) pem += render_pem(certificate.get());
  return pem;
}

// One object is one command: a passphrase is asked for once, however many signatures it takes.
AskPassphrase remembering(AskPassphrase ask) {
  if (!ask) return ask;
  auto known = std::make_shared<std::map<std::string, SecretText>>();
  return [ask = std::move(ask), known](const std::string& file) -> std::optional<SecretText> {
    if (const auto found = known->find(file); found != known->end()) return found->second;
    auto answer = ask(file);
    if (answer) known->emplace(file, *answer);
    return answer;
  };
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
  Ledger ledger{.disk = std::move(disk),
                .ask = remembering(std::move(ask)),
                .ca = std::move(*ca),
                .ca_facts = facts,
                .index = std::move(*index)};
  const Status whole = load_overlaps(ledger).and_then([&] { return load_siblings(ledger); });
  if (!whole) return fail_with(whole.error());
  return ledger;
}

Result<PrivateKey> load_key(const Disk& disk, std::string_view file, const AskPassphrase& ask) {
  const auto pem = disk.read(file);
  if (!pem) return fail_with(pem.error());
  return parse_key(*pem, disk.path_of(file), ask);
}

Result<PrivateKey> load_authority_key(const Ledger& ledger, std::string_view file,
                                      X509* certificate) {
  const std::string path = ledger.disk.path_of(file);
  if (!ledger.disk.exists(file)) {
    return fail_with({fmt::format("cannot sign: {} is not here", path),
                      "this directory can only list and export; sign where the key is kept, or "
                      "change to a new authority with: adit pki rotate-ca"});
  }
  auto key = load_key(ledger.disk, file, ledger.ask);
  if (key && !belongs_to(key->get(), certificate)) {
    return fail_with({fmt::format("{} is not the key of the authority {}", path,
                                  facts_of(certificate).common_name),
                      "restore key and certificate from the same backup"});
  }
  return key;
}

Result<PrivateKey> load_ca_key(const Ledger& ledger) {
  return load_authority_key(ledger, layout::ca_key, ledger.ca.get());
}

std::vector<X509*> authorities_of(const Ledger& ledger) {
  std::vector<X509*> authorities{ledger.ca.get()};
  if (ledger.next) authorities.push_back(ledger.next->certificate.get());
  if (ledger.previous) authorities.push_back(ledger.previous->certificate.get());
  return authorities;
}

Result<std::string> bundle_of(const Ledger& ledger) {
  auto bundle = certificates_in(ledger.disk, layout::ca_certificate);
  if (!bundle) return bundle;
  std::string pem = std::move(*bundle);
  if (ledger.next) pem += render_pem(ledger.next->certificate.get());
  if (!ledger.previous) return pem;
  const auto previous = certificates_in(ledger.disk, layout::previous_certificate);
  if (!previous) return fail_with(previous.error());
  return pem + *previous;
}

Status save_bundle(Ledger& ledger) {
  const auto wanted = bundle_of(ledger);
  if (!wanted) return fail_with(wanted.error());
  const auto present = ledger.disk.exists(layout::ca_bundle) ? ledger.disk.read(layout::ca_bundle)
                                                             : Result<SecretText>(SecretText());
  if (present && present->reveal() == *wanted) return {};
  return ledger.disk.write(layout::ca_bundle, *wanted, public_mode);
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

std::map<std::string, Name> names_by_serial(const Disk& disk) {
  std::map<std::string, Name> names;
  constexpr std::string_view ending = ".crt";
  for (const std::string& file : disk.files_in(layout::issued)) {
    if (!file.ends_with(ending)) continue;
    const auto name = Name::existing(file.substr(0, file.size() - ending.size()));
    if (!name) continue;
    const auto certificate = load_certificate(disk, layout::certificate_of(*name));
    if (!certificate) continue;
    const Facts facts = facts_of(certificate->get());
    // Of copies, the one that is called like the certificate.
    if (facts.common_name == name->text()) names.erase(facts.serial);
    names.emplace(facts.serial, *name);
  }
  return names;
}

Name file_name(const Ledger& ledger, const Name& asked) {
  if (ledger.disk.exists(layout::certificate_of(asked))) return asked;
  const auto rows = ledger.index.named(asked.text());
  if (rows.empty()) return asked;
  const auto is_revoked = [](const Row* row) { return row->mark == Row::Mark::revoked; };
  const bool all_revoked = std::ranges::all_of(rows, is_revoked);
  const auto names = names_by_serial(ledger.disk);
  for (auto row = rows.rbegin(); row != rows.rend(); ++row) {
    const auto found = names.find((*row)->serial);
    if (found != names.end() && is_revoked(*row) == all_revoked) return found->second;
  }
  return asked;
}

std::optional<Located> locate_certificate(const Disk& disk, const Row& row) {
  for (const std::string& place : places_of(row)) {
    if (!disk.exists(place)) continue;
    auto certificate = load_certificate(disk, place);
    if (certificate && facts_of(certificate->get()).serial == row.serial) {
      return Located{std::move(*certificate), place};
    }
  }
  return std::nullopt;
}

Certificate find_certificate(const Disk& disk, const Row& row) {
  auto found = locate_certificate(disk, row);
  return found ? std::move(found->certificate) : nullptr;
}

Status save_index(Ledger& ledger) {
  return ledger.disk.write(layout::index, ledger.index.render(), private_mode);
}

Status save_overlaps(Ledger& ledger) {
  return ledger.disk.write(layout::overlaps, render_overlaps(ledger.overlaps), private_mode);
}

Status save_key(Disk& disk, std::string_view file, EVP_PKEY* key,
                const std::optional<SecretText>& passphrase) {
  const auto pem = render_key(key, passphrase);
  if (!pem) return fail_with(pem.error());
  return disk.write(file, pem->reveal(), private_mode);
}

Status check_lifetime(std::chrono::days lifetime) {
  if (lifetime.count() >= 1 && lifetime <= longest_lifetime) return {};
  return fail_with({fmt::format("a lifetime of {} days is not possible", lifetime.count()),
                    fmt::format("choose 1 to {} days", longest_lifetime.count())});
}

Entry entry_of(const Ledger& ledger, const Row& row, WallTime now) {
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
  const Overlap* overlap = find_overlap(ledger.overlaps, row.serial);
  if (overlap != nullptr && entry.state == State::valid &&
      ledger.index.find(overlap->after) != nullptr) {
    entry.overlap_end = overlap->end;
  }
  if (const Certificate certificate = find_certificate(ledger.disk, row)) {
    const Facts facts = facts_of(certificate.get());
    entry.kind = facts.kind;
    entry.not_before = facts.validity.from;
  }
  return entry;
}

}  // namespace adit::pki
