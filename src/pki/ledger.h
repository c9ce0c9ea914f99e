#pragma once

// The opened directory: what the commands share. Include from .cpp files of this room only.

#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "crypto/tls_crypt_v2.h"
#include "pki/authority.h"
#include "pki/certificate.h"
#include "pki/disk.h"
#include "pki/index.h"
#include "pki/key.h"
#include "pki/overlap.h"

namespace adit::pki {

// An authority that is trusted beside the one that signs, while one follows the other.
struct Sibling {
  Certificate certificate;
  Facts facts;
};

struct Ledger {
  Disk disk;
  AskPassphrase ask;
  Certificate ca;
  Facts ca_facts;
  Index index;
  std::vector<Overlap> overlaps{};
  std::optional<Sibling> next{};
  std::optional<Sibling> previous{};
  std::vector<std::string> repairs{};
};

[[nodiscard]] Result<Ledger> load_ledger(Disk disk, AskPassphrase ask);
// Finishes what an interrupted command began; says so in ledger.repairs.
[[nodiscard]] Status repair(Ledger& ledger);

// Every authority whose certificates are ours: the one that signs, then its siblings.
[[nodiscard]] std::vector<X509*> authorities_of(const Ledger& ledger);
// Their certificates in PEM, with whatever else is in ca.crt.
[[nodiscard]] Result<std::string> bundle_of(const Ledger& ledger);
// Writes the bundle where the file says something else.
[[nodiscard]] Status save_bundle(Ledger& ledger);

// The authority's key, after a look that it belongs to its certificate.
[[nodiscard]] Result<PrivateKey> load_ca_key(const Ledger& ledger);
[[nodiscard]] Result<PrivateKey> load_authority_key(const Ledger& ledger, std::string_view file,
                                                    X509* certificate);
[[nodiscard]] Result<PrivateKey> load_key(const Disk& disk, std::string_view file,
                                          const AskPassphrase& ask);
[[nodiscard]] Result<Certificate> load_certificate(const Disk& disk, std::string_view file);
// The serial of the certificate that stands in issued/ under this name; empty when none does.
[[nodiscard]] std::string issued_serial(const Disk& disk, const Name& name);
// What stands in issued/, by serial.
[[nodiscard]] std::map<std::string, Name> names_by_serial(const Disk& disk);
// What the files are called of the certificate that is meant: easy-rsa lets that differ from the
// common name, and either will do. Nothing in issued/: as it was asked for.
[[nodiscard]] Name file_name(const Ledger& ledger, const Name& asked);

// Looks for the certificate of a row wherever a command may have put it; empty when it is gone.
struct Located {
  Certificate certificate;
  std::string file;
};
[[nodiscard]] std::optional<Located> locate_certificate(const Disk& disk, const Row& row);
[[nodiscard]] Certificate find_certificate(const Disk& disk, const Row& row);

[[nodiscard]] Status save_index(Ledger& ledger);
[[nodiscard]] Status save_overlaps(Ledger& ledger);
// passphrase: nothing leaves the key open
[[nodiscard]] Status save_key(Disk& disk, std::string_view file, EVP_PKEY* key,
                              const std::optional<SecretText>& passphrase = {});

using Revoked = std::pair<std::string, Revocation>;  // serial, when and why
// Writes the revocation lists of all authorities, then the index: with these revoked, and with the
// renewed certificates whose overlap has ended. An authority whose key is not here keeps the list
// it has; whoever revokes looks first. When it fails, the ledger says what it said before.
[[nodiscard]] Status publish(Ledger& ledger, WallTime now, std::chrono::days lifetime,
                             std::span<const Revoked> revoked = {});

// Moves the files of a certificate that is no longer in force away, so that its name is free. Safe
// to repeat; issued/NAME.crt goes last and so tells whether there is still something to do.
enum class Shelf : std::uint8_t { revoked, expired };
[[nodiscard]] Status set_aside(Ledger& ledger, const Name& name, const std::string& serial,
                               Shelf shelf);

[[nodiscard]] Entry entry_of(const Ledger& ledger, const Row& row, WallTime now);
[[nodiscard]] Status check_request(const AuthorityRequest& request);
[[nodiscard]] Status check_lifetime(std::chrono::days lifetime);

// Makes the server's tls-crypt-v2 key where there never was one, so that a server can be started
// before the first profile is exported.
[[nodiscard]] Status prepare_tls_crypt_v2(Disk& disk);
// The same, with random bytes that are given; refuses where clients have keys of one that is lost.
[[nodiscard]] Result<crypto::TlsCryptV2ServerKey> tls_crypt_v2_server_key(Disk& disk, Rng& rng);

}  // namespace adit::pki
