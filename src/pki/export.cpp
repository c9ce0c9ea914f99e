#include "pki/export.h"

#include <openssl/rand.h>

#include "base/assert.h"
#include "pki/calendar.h"
#include "pki/layout.h"
#include "pki/ledger.h"
#include "pki/rotate.h"

namespace adit::pki {

namespace {

using crypto::TlsCryptV2ClientKey;
using crypto::TlsCryptV2ServerKey;

class OpensslRng final : public Rng {
 public:
  void fill(MutableBytes out) override {
    ADIT_ASSERT(RAND_bytes(out.data(), static_cast<int>(out.size())) == 1);
  }
};

tl::unexpected<Error> refuse_export(const Name& name, std::string_view why,
                                    std::string_view advice) {
  return fail_with({fmt::format("cannot export {}: {}", name.text(), why), std::string(advice)});
}

Status check_usable(const Ledger& ledger, const Name& name, const Facts& facts, WallTime now) {
  const Row* row = ledger.index.find(facts.serial);
  if (row == nullptr) return refuse_export(name, "another authority signed its certificate", "");
  if (row->mark == Row::Mark::revoked) {
    return refuse_export(name, "its certificate is revoked",
                         "issue a new one with: adit pki client");
  }
  if (!row->usable(now)) {
    return refuse_export(name,
                         fmt::format("its certificate expired on {}", day_text(row->not_after)),
                         "issue a new one with: adit pki client");
  }
  if (facts.kind != Kind::client && facts.kind != Kind::server_and_client) {
    return refuse_export(name, "its certificate is not for a client",
                         "make one under another name with: adit pki client");
  }
  return {};
}

Result<Certificate> client_certificate(const Ledger& ledger, const Name& name, WallTime now) {
  if (!ledger.disk.exists(layout::certificate_of(name))) {
    return refuse_export(name, "it has no certificate", "issue one with: adit pki client");
  }
  auto certificate = load_certificate(ledger.disk, layout::certificate_of(name));
  if (!certificate) return certificate;
  const Status usable = check_usable(ledger, name, facts_of(certificate->get()), now);
  if (!usable) return fail_with(usable.error());
  return certificate;
}

// The key goes out as it is; one under a passphrase cannot be held against its certificate here.
Result<SecretText> client_key(const Ledger& ledger, const Name& name, X509* certificate) {
  const std::string file = layout::key_of(name);
  if (!ledger.disk.exists(file)) {
    return refuse_export(name, "its private key is not in this directory",
                         "it was made elsewhere; complete the profile where the key is");
  }
  auto pem = ledger.disk.read(file);
  if (!pem) return pem;
  const auto key = parse_key(*pem, ledger.disk.path_of(file), {});
  if (key && !belongs_to(key->get(), certificate)) {
    return refuse_export(name, "its private key does not belong to its certificate",
                         "revoke it and issue a new one");
  }
  if (!key && pem->reveal().find("ENCRYPTED") == std::string::npos) return fail_with(key.error());
  return pem;
}

// When the key was made; nothing when its metadata says something else.
std::optional<WallTime> birth_of(const crypto::UnwrappedClientKey& key) {
  Reader metadata(key.metadata);
  const bool is_timestamp = metadata.u8() == 1;
  const WallTime at{static_cast<std::int64_t>(metadata.u64())};
  return is_timestamp && metadata.finished() ? std::optional(at) : std::nullopt;
}

// The key in the file. Nothing when it is older than the certificate: then it belonged to one that
// had the name before, and may be in wrong hands.
Result<std::optional<SecretText>> stored_client_key(const Disk& disk, const std::string& file,
                                                    const TlsCryptV2ServerKey& server,
                                                    WallTime issued) {
  if (!disk.exists(file)) return std::nullopt;
  auto pem = disk.read(file);
  if (!pem) return fail_with(pem.error());
  const auto key = TlsCryptV2ClientKey::parse(pem->reveal());
  if (!key) return fail_because(fmt::format("cannot read {}", disk.path_of(file)), key.error());
  const auto opened = server.unwrap(key->wrapped);
  if (!opened) {
    return fail_with({fmt::format("{} was not made with this directory's {}", disk.path_of(file),
                                  layout::tls_crypt_v2_server),
                      "remove the file; a new one is made at the next export"});
  }
  if (const auto birth = birth_of(*opened); birth && *birth < issued) return std::nullopt;
  return std::optional(std::move(*pem));
}

Result<SecretText> tls_crypt_v2_client_key(Disk& disk, const Name& name, WallTime issued, Rng& rng,
                                           WallTime now) {
  const auto server = tls_crypt_v2_server_key(disk, rng);
  if (!server) return fail_with(server.error());
  const std::string file = layout::tls_crypt_v2_of(name);
  auto stored = stored_client_key(disk, file, *server, issued);
  if (!stored) return fail_with(stored.error());
  if (*stored) return std::move(**stored);
  const auto key = server->wrap(crypto::StaticKey::generate(rng), crypto::timestamp_metadata(now));
  if (!key) return fail_with(key.error());
  SecretText pem(key->render());
  const Status saved = disk.make_folder(layout::tls_crypt_v2_clients).and_then([&] {
    return disk.write(file, pem.reveal(), private_mode);
  });
  if (!saved) return fail_with(saved.error());
  return pem;
}

}  // namespace

bool is_exported(const Disk& disk, const Name& name, WallTime issued) {
  const auto server_pem = disk.read(layout::tls_crypt_v2_server);
  const auto pem = disk.read(layout::tls_crypt_v2_of(name));
  if (!server_pem || !pem) return false;
  const auto server = TlsCryptV2ServerKey::parse(server_pem->reveal());
  const auto key = TlsCryptV2ClientKey::parse(pem->reveal());
  if (!server || !key) return false;
  const auto opened = server->unwrap(key->wrapped);
  const auto birth = opened ? birth_of(*opened) : std::optional<WallTime>();
  return birth && issued <= *birth;
}

// With client keys about, the server key was lost or is kept elsewhere: a new one would only make
// clients that the server turns away.
Result<TlsCryptV2ServerKey> tls_crypt_v2_server_key(Disk& disk, Rng& rng) {
  const auto file = layout::tls_crypt_v2_server;
  if (disk.exists(file)) {
    const auto pem = disk.read(file);
    if (!pem) return fail_with(pem.error());
    return TlsCryptV2ServerKey::parse(pem->reveal());
  }
  if (!disk.files_in(layout::tls_crypt_v2_clients).empty()) {
    return fail_with(
        {fmt::format("{} is missing, but clients have keys made with it", disk.path_of(file)),
         "bring it back from the server or from a backup"});
  }
  const auto key = TlsCryptV2ServerKey::generate(rng);
  const SecretText pem(key.render());
  const Status saved = disk.write(file, pem.reveal(), private_mode);
  if (!saved) return fail_with(saved.error());
  return key;
}

Status prepare_tls_crypt_v2(Disk& disk) {
  const bool there = disk.exists(layout::tls_crypt_v2_server);
  if (there || !disk.files_in(layout::tls_crypt_v2_clients).empty()) return {};
  OpensslRng rng;
  const auto made = tls_crypt_v2_server_key(disk, rng);
  return made ? Status{} : Status(fail_with(made.error()));
}

Result<Exported> Authority::export_client(const Name& asked, Rng& rng, WallTime now) {
  const Name name = file_name(*ledger_, asked);
  const auto certificate = client_certificate(*ledger_, name, now);
  if (!certificate) return fail_with(certificate.error());
  auto key = client_key(*ledger_, name, certificate->get());
  if (!key) return fail_with(key.error());
  auto ca = bundle_of(*ledger_);
  if (!ca) return fail_with(ca.error());
  const Facts facts = facts_of(certificate->get());
  auto wrapped = tls_crypt_v2_client_key(ledger_->disk, name, facts.validity.from, rng, now);
  if (!wrapped) return fail_with(wrapped.error());
  const bool called = !facts.common_name.empty();
  return Exported{called ? facts.common_name : name.text(), std::move(*ca),
                  render_pem(certificate->get()), std::move(*key), std::move(*wrapped)};
}

}  // namespace adit::pki
