// Makes an authority. The index is written last: without it the directory does not count as one,
// and create() goes on where it was interrupted, never replacing a key.

#include <algorithm>

#include "pki/calendar.h"
#include "pki/crl.h"
#include "pki/easyrsa.h"
#include "pki/layout.h"
#include "pki/ledger.h"
#include "pki/serial.h"

namespace adit::pki {

namespace {

tl::unexpected<Error> refuse(const Disk& disk, std::string_view file, std::string_view why) {
  return fail_with({fmt::format("will not make an authority: {} {}", disk.path_of(file), why),
                    "choose another directory; what this one holds is left untouched"});
}

// An index without a certificate is what easy-rsa leaves when its build-ca fails.
Status refuse_other_authority(const Disk& disk) {
  const bool has_certificate = disk.exists(layout::ca_certificate);
  if (has_certificate && disk.exists(layout::index)) {
    return refuse(disk, layout::ca_certificate, "exists already");
  }
  if (has_certificate && !disk.exists(layout::ca_key)) {
    return refuse(disk, layout::ca_certificate, "is the certificate of another authority");
  }
  const auto index = disk.read(layout::index);
  if (index && !index->reveal().empty()) {
    return refuse(disk, layout::index, "lists another authority's certificates");
  }
  return {};
}

Status make_folders(Disk& disk) {
  for (const std::string_view folder : layout::folders) {
    if (auto done = disk.make_folder(folder); !done) return done;
  }
  return {};
}

Result<PrivateKey> key_for(Disk& disk, const AuthorityRequest& request, const AskPassphrase& ask) {
  const KeyType type = request.key_type;
  if (!disk.exists(layout::ca_key)) {
    auto key = generate_key(type);
    if (!key) return key;
    const Status saved = save_key(disk, layout::ca_key, key->get(), request.passphrase);
    if (!saved) return fail_with(saved.error());
    return key;
  }
  auto key = load_key(disk, layout::ca_key, ask);
  if (key && type_of(key->get()) != type) {
    return refuse(disk, layout::ca_key, "exists and is of another type");
  }
  return key;
}

Result<Certificate> certificate_for(Disk& disk, const AuthorityRequest& request, EVP_PKEY* key,
                                    Rng& rng, WallTime now) {
  if (!disk.exists(layout::ca_certificate)) {
    auto made = make_authority(request.common_name, key, draw_serial(rng, Index{}),
                               {now, after(now, request.lifetime)});
    if (!made) return made;
    const Status saved = disk.write(layout::ca_certificate, render_pem(made->get()), public_mode);
    if (!saved) return fail_with(saved.error());
    return made;
  }
  auto found = load_certificate(disk, layout::ca_certificate);
  if (found && (!belongs_to(key, found->get()) ||
                facts_of(found->get()).common_name != request.common_name)) {
    return refuse(disk, layout::ca_certificate, "is the certificate of another authority");
  }
  return found;
}

// easy-rsa's own file, left by its init-pki, is the better one.
Status write_easyrsa_settings(Disk& disk) {
  if (disk.exists(layout::easyrsa_settings)) return {};
  return disk.write(layout::easyrsa_settings, easyrsa_settings(), private_mode);
}

Status save_first_list(Ledger& ledger, EVP_PKEY* key, WallTime now) {
  const auto list = make_crl(ledger.index, {now, after(now, crl_days)}, {ledger.ca.get(), key});
  if (!list) return fail_with(list.error());
  return ledger.disk.write(layout::crl, *list, public_mode);
}

Status write_records(Ledger& ledger, EVP_PKEY* key, WallTime now) {
  return write_easyrsa_settings(ledger.disk)
      .and_then([&] {
        return ledger.disk.write(layout::index_attributes, "unique_subject = no\n", private_mode);
      })
      .and_then([&] { return ledger.disk.write(layout::serial, "01\n", private_mode); })
      .and_then([&] { return save_bundle(ledger); })
      .and_then([&] { return save_first_list(ledger, key, now); })
      .and_then([&] { return save_index(ledger); });
}

Result<Ledger> make_ledger(Disk disk, const AuthorityRequest& request, Rng& rng, WallTime now,
                           const AskPassphrase& ask) {
  const Status ready = refuse_other_authority(disk).and_then([&] { return make_folders(disk); });
  if (!ready) return fail_with(ready.error());
  const auto key = key_for(disk, request, ask);
  if (!key) return fail_with(key.error());
  auto ca = certificate_for(disk, request, key->get(), rng, now);
  if (!ca) return fail_with(ca.error());
  if (const auto made = tls_crypt_v2_server_key(disk, rng); !made) return fail_with(made.error());
  const Facts facts = facts_of(ca->get());
  Ledger ledger{.disk = std::move(disk),
                .ask = ask,
                .ca = std::move(*ca),
                .ca_facts = facts,
                .index = Index{}};
  if (auto done = write_records(ledger, key->get(), now); !done) return fail_with(done.error());
  return ledger;
}

}  // namespace

Status check_request(const AuthorityRequest& request) {
  const std::string& name = request.common_name;
  const bool printable_name =
      std::ranges::all_of(name, [](char c) { return static_cast<unsigned char>(c) >= ' '; });
  if (name.empty() || name.size() > 64 || !printable_name) {
    return fail_with({"the common name of an authority has 1 to 64 characters on one line",
                      "choose a shorter one, for example: Example VPN CA"});
  }
  return check_lifetime(request.lifetime).and_then([&] {
    return check_passphrase(request.passphrase);
  });
}

Result<Authority> Authority::create(const std::string& directory, const AuthorityRequest& request,
                                    Rng& rng, WallTime now, const Hooks& hooks) {
  if (auto ok = check_request(request); !ok) return fail_with(ok.error());
  auto disk = Disk::create(directory, hooks.watch);
  if (!disk) return fail_with(disk.error());
  auto ledger = make_ledger(std::move(*disk), request, rng, now, hooks.ask);
  if (!ledger) return fail_with(ledger.error());
  return Authority(std::make_unique<Ledger>(std::move(*ledger)));
}

}  // namespace adit::pki
