#include <array>

#include "options/checks.h"
#include "options/ciphers.h"
#include "options/findings.h"

// Static-key mode.

namespace adit::options {

namespace {

constexpr std::array only_with_tls{"ca",
                                   "cert",
                                   "key",
                                   "tls-auth",
                                   "tls-crypt",
                                   "tls-crypt-v2",
                                   "capath",
                                   "crl-verify",
                                   "pkcs12",
                                   "tls-cipher",
                                   "tls-ciphersuites",
                                   "tls-cert-profile",
                                   "tls-verify",
                                   "tls-export-cert",
                                   "tls-timeout",
                                   "tls-exit",
                                   "single-session",
                                   "verify-x509-name",
                                   "ns-cert-type",
                                   "remote-cert-tls",
                                   "remote-cert-ku",
                                   "remote-cert-eku",
                                   "reneg-sec",
                                   "reneg-bytes",
                                   "reneg-pkts",
                                   "hand-window",
                                   "tran-window",
                                   "push-peer-info",
                                   "pkcs11-providers",
                                   "pkcs11-id",
                                   "pkcs11-id-management",
                                   "pkcs11-private-mode"};

// Stock takes them and makes no use of them.
constexpr std::array idle_without_tls{"dh", "peer-fingerprint"};

void check_roles_of_secret(const Config& config, const Findings& found) {
  for (const char* role : {"tls-server", "tls-client", "client", "pull"}) {
    if (config.said_of(role) == nullptr) continue;
    found.error(role, "specify only one of --tls-server, --tls-client, or --secret",
                "remove \"secret\": TLS is better");
    return;
  }
  for (const char* option : only_with_tls) {
    if (config.said_of(option) != nullptr) {
      found.error(option, "it belongs to TLS, and with \"secret\" there is none",
                  "remove it, or remove \"secret\" and write tls-server or tls-client");
    }
  }
  for (const char* option : idle_without_tls) {
    if (config.said_of(option) != nullptr) {
      found.warn(option, "it belongs to TLS, and with \"secret\" there is none: it is ignored",
                 "remove it");
    }
  }
}

void check_cipher_of_secret(const Config& config, const Findings& found) {
  const std::string& cipher = config.channel.cipher;
  if (!known_cipher(cipher)) {
    found.error("cipher", '"' + shown(cipher) + "\" is not a known cipher",
                "write \"cipher AES-256-CBC\" on both sides");
  } else if (authenticates_itself(cipher)) {
    found.error("cipher", "static-key mode cannot use " + cipher,
                "write \"cipher AES-256-CBC\" on both sides");
  }
}

}  // namespace

void check_static_key(const Config& config, const Findings& found) {
  if (!config.secret.defined()) {
    constexpr auto* allow = "allow-deprecated-insecure-static-crypto";
    if (config.said_of(allow) != nullptr) found.note(allow, "without \"secret\" it does nothing");
    if (!config.channel.replay_persist.empty()) {
      found.note("replay-persist",
                 "it keeps packet ids of static-key mode; with TLS none are needed");
    }
    return;
  }
  if (config.client.auth_user_pass && !config.client.pull) {
    found.error("auth-user-pass", "--auth-user-pass requires --pull",
                "whoever has the key is let in: remove the line");
  }
  check_roles_of_secret(config, found);
  check_cipher_of_secret(config, found);
  found.warn("secret",
             "static-key mode is deprecated: whoever gets the key can read all that was ever sent",
             "use tls-server and tls-client with peer-fingerprint, which is as simple");
}

}  // namespace adit::options
