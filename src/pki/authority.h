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
#include "pki/disk.h"
#include "pki/entry.h"
#include "pki/export.h"
#include "pki/key_type.h"
#include "pki/name.h"
#include "pki/passphrase.h"
#include "pki/reason.h"
#include "pki/renew.h"

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
  Authority(Authority&& other) noexcept;
  Authority& operator=(Authority&& other) noexcept;
  ~Authority();

  // What open() put right, one sentence each, for the user.
  [[nodiscard]] const std::vector<std::string>& repairs() const;
  // The authority itself, then every certificate in the order of issue.
  [[nodiscard]] std::vector<Entry> list(WallTime now) const;
  // The revocation list as an entry, with the dates of the one that ends first; nothing without
  // one.
  [[nodiscard]] std::optional<Entry> revocation_list(WallTime now) const;

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

 private:
  explicit Authority(std::unique_ptr<Ledger> ledger);

  std::unique_ptr<Ledger> ledger_;
};

}  // namespace adit::pki
