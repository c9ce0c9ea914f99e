#pragma once

// A certificate authority in one directory. Start reading here.
//
// An Authority holds the directory's lock from create() or open() until it goes: one object is one
// command. Nothing reads a clock; "now" and random bytes are given, keys come from OpenSSL.

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/rng.h"
#include "base/time.h"
#include "pki/details.h"
#include "pki/disk.h"
#include "pki/entry.h"
#include "pki/export.h"
#include "pki/import.h"
#include "pki/key_type.h"
#include "pki/name.h"
#include "pki/passphrase.h"
#include "pki/reason.h"
#include "pki/renew.h"
#include "pki/rotation.h"

namespace adit::pki {

struct Ledger;

inline constexpr std::chrono::days authority_days{3650};
inline constexpr std::chrono::days certificate_days{825};
inline constexpr std::chrono::days crl_days{180};

struct AuthorityRequest {
  std::string common_name = "adit CA";
  KeyType key_type = KeyType::ecdsa_p256;
  std::chrono::days lifetime = authority_days;
  std::optional<SecretText> passphrase{};  // for its key; it is then asked for at every signature
};

struct CertificateRequest {
  Kind kind = Kind::client;  // server or client
  Name name;
  std::optional<KeyType> key_type{};              // nothing: the authority's own
  std::chrono::days lifetime = certificate_days;  // never beyond the authority's end
  std::optional<SecretText> passphrase{};         // protects the key; nothing leaves it open
};

struct RotateRequest {
  std::chrono::days lifetime = certificate_days;  // of the new certificates
  bool new_keys = false;
  bool force = false;  // where clients would be left behind
};

// What an Authority may call while it works.
struct Hooks {
  AskPassphrase ask;  // for an authority's key that is protected; may be empty
  WatchStep watch;    // for tests; may be empty
};

class Authority {
 public:
  // Makes key, certificate, first revocation list and tls-crypt-v2 server key. Refuses a directory
  // that holds an authority; finishes one where an earlier call was interrupted.
  [[nodiscard]] static Result<Authority> create(const std::string& directory,
                                                const AuthorityRequest& request, Rng& rng,
                                                WallTime now, const Hooks& hooks = {});
  // Reads the index and repairs what an interrupted command left undone.
  [[nodiscard]] static Result<Authority> open(const std::string& directory,
                                              const Hooks& hooks = {});
  // Only for looking: nothing is locked, repaired or written, and every command that would fails.
  [[nodiscard]] static Result<Authority> look(const std::string& directory);
  // Copies what another tool left in the folder: a tree of easy-rsa 3, a flat directory of easy-rsa
  // 2.0, or loose certificates and keys. The folder is only read. The directory must be empty or
  // absent; one that holds this very authority is left as it is.
  [[nodiscard]] static Result<Imported> import_from(const std::string& folder,
                                                    const std::string& directory, Rng& rng,
                                                    WallTime now, const Hooks& hooks = {});
  Authority(Authority&& other) noexcept;
  Authority& operator=(Authority&& other) noexcept;
  ~Authority();

  // What open() put right, one sentence each, for the user.
  [[nodiscard]] const std::vector<std::string>& repairs() const;
  // The authority that signs, others that are trusted, every certificate in the order of issue.
  [[nodiscard]] std::vector<Entry> list(WallTime now) const;
  // The revocation list as an entry, with the dates of the one that ends first; nothing without
  // one.
  [[nodiscard]] std::optional<Entry> revocation_list(WallTime now) const;

  // A name is a common name or, where another tool called its files otherwise, that of the files.
  [[nodiscard]] Result<Details> show(const Name& name, WallTime now) const;
  [[nodiscard]] Details show_authority(WallTime now) const;

  [[nodiscard]] Result<Entry> issue(const CertificateRequest& request, Rng& rng, WallTime now);
  // A new certificate for the same name; the old one lives on for the overlap and is revoked at the
  // first list written after it.
  [[nodiscard]] Result<Renewed> renew(const RenewRequest& request, Rng& rng, WallTime now);
  // Writes a new revocation list too and sets the certificate's files aside. Certificates of the
  // name that a renewal left in force end with it.
  [[nodiscard]] Result<Entry> revoke(const Name& name, Reason reason, WallTime now,
                                     std::chrono::days crl_lifetime = crl_days);
  [[nodiscard]] Status publish_crl(WallTime now, std::chrono::days crl_lifetime = crl_days);
  // What a client needs to connect; its tls-crypt-v2 key is made at the first call.
  [[nodiscard]] Result<Exported> export_client(const Name& name, Rng& rng, WallTime now);

  // Changes to a new authority, one stage a call; each can be given again. A new authority without
  // a common name is called like the old one and numbered.
  [[nodiscard]] Rotation rotation(WallTime now) const;
  [[nodiscard]] Result<Rotation> start_rotation(AuthorityRequest request, Rng& rng, WallTime now);
  [[nodiscard]] Result<Rotation> rotate_servers(const RotateRequest& request, Rng& rng,
                                                WallTime now);
  [[nodiscard]] Result<Rotation> rotate_clients(const RotateRequest& request, Rng& rng,
                                                WallTime now);
  // Refuses while a client would be left behind, unless forced.
  [[nodiscard]] Result<Rotation> finish_rotation(bool force, WallTime now);

 private:
  [[nodiscard]] Result<Rotation> renew_all(const std::vector<Entry>& entries,
                                           const RotateRequest& request, Rng& rng, WallTime now);
  explicit Authority(std::unique_ptr<Ledger> ledger);

  std::unique_ptr<Ledger> ledger_;
};

}  // namespace adit::pki
