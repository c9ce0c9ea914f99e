#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "base/time.h"
#include "tls/engine.h"
#include "tls/signer.h"

namespace adit::tls {

// A PEM text and the name it goes by in messages ("ca ca.crt", "<ca> in client.ovpn").
struct NamedPem {
  std::string name;
  std::string text;
  [[nodiscard]] bool defined() const { return !text.empty(); }
};

// What is demanded of the peer's certificate beyond its chain.
struct PeerPolicy {
  enum class Presence { require, optional, none } presence = Presence::require;
  enum class NameMatch { off, subject, name, name_prefix } name_match = NameMatch::off;
  std::string name;
  enum class Usage { any, server, client } usage = Usage::any;  // remote-cert-tls
  std::vector<unsigned> key_usage;                              // remote-cert-ku: any one of these
  std::string extended_key_usage;                               // remote-cert-eku: name or OID
  std::vector<std::string> fingerprints;                        // SHA-256, upper-case AA:BB:...
  std::vector<std::string> issuer_hashes;  // verify-hash: of the certificate above the peer's
  bool issuer_hashes_sha1 = true;          // rather than SHA-256
  std::vector<std::string> username_fields{"CN"};
  std::vector<std::string> tracked;  // x509-track: replaces ChainEntry::fields
  std::string crl_directory;         // one file per revoked serial; asked through Revocations
};

// Looks serials up for "crl-verify DIR dir".
class RevokedSerials {
 public:
  virtual ~RevokedSerials() = default;
  [[nodiscard]] virtual bool is_revoked(const std::string& decimal_serial) = 0;
};

// Has a say about every certificate of a peer's chain that has passed all else, while the handshake
// waits.
class ChainJudge {
 public:
  virtual ~ChainJudge() = default;
  // seen: of the chain what was looked at so far, highest depth first; the one in question last.
  [[nodiscard]] virtual bool accepts(const PeerIdentity& seen) = 0;
};

struct Setup {
  bool server = false;
  NamedPem ca, cert, key, dh, extra_certs, crl;
  std::string ca_path;
  SecretText passphrase;     // of the private key
  Signer* signer = nullptr;  // instead of a private key; outlives the engines
  std::string version_min = "1.2";
  bool version_min_or_highest = false;
  std::string version_max;
  std::string ciphers, ciphersuites, groups;
  enum class Profile { insecure, legacy, preferred, suiteb } profile = Profile::legacy;
  PeerPolicy peer;
  RevokedSerials* revoked = nullptr;  // outlives the context
  ChainJudge* judge = nullptr;        // outlives the context
  bool keep_pem = false;              // ChainEntry::pem
  std::optional<WallTime> verify_at;  // simulation: a fixed time for certificate dates
};

class TlsContext : public TlsFactory {
 public:
  // Every error names the file and what to do.
  [[nodiscard]] static Result<std::unique_ptr<TlsContext>> create(const Setup& setup);
  // New handshakes use this list from now on, and revoked() too; a text that does not parse, or
  // that no CA of ours has signed, leaves the old one.
  [[nodiscard]] virtual Status reload_crl(const NamedPem& crl) = 0;
};

// Whether a private key needs a passphrase, so that it can be asked for before anything starts.
[[nodiscard]] bool key_is_encrypted(std::string_view pem);

// Names for --show-tls, in OpenVPN's spelling, best first.
struct CipherNames {
  std::vector<std::string> tls13;
  std::vector<std::string> tls12;
};
[[nodiscard]] CipherNames cipher_names(const std::string& ciphers, const std::string& ciphersuites);

}  // namespace adit::tls
