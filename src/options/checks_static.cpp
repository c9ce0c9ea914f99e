#include <array>

#include "options/checks.h"
#include "options/ciphers.h"
#include "options/findings.h"

// Static-key mode.

namespace adit::options {

namespace {

constexpr std::array only_with_tls{
    "ca",        "cert",         "key",    "dh",         "tls-auth",
    "tls-crypt", "tls-crypt-v2", "capath", "crl-verify", "peer-fingerprint"};

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
    return;
  }
  check_roles_of_secret(config, found);
  check_cipher_of_secret(config, found);
  found.warn("secret",
             "static-key mode is deprecated: whoever gets the key can read all that was ever sent",
             "use tls-server and tls-client with peer-fingerprint, which is as simple");
}

}  // namespace adit::options
