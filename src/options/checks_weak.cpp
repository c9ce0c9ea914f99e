#include <algorithm>

#include "options/checks.h"
#include "options/ciphers.h"
#include "options/findings.h"

// What is weak works where it is asked for, and is told once, with the line that asks.

namespace adit::options {

namespace {

// Every cipher that may come into use.
std::vector<std::string> usable_ciphers(const Config& config) {
  const Channel& channel = config.channel;
  std::vector<std::string> usable = channel.data_ciphers;
  if (config.secret.defined()) usable.clear();
  const bool negotiates = config.mode == Mode::server || config.client.pull;
  for (const std::string& one :
       {channel.data_ciphers_fallback, negotiates ? std::string() : channel.cipher}) {
    if (!one.empty() && std::ranges::find(usable, one) == usable.end()) usable.push_back(one);
  }
  return usable;
}

// The option that brings the cipher into play.
std::string_view asked_by(const Config& config, const std::string& cipher) {
  const Channel& channel = config.channel;
  const auto said = [&](const char* option) { return config.said_of(option) != nullptr; };
  if (said("data-ciphers-fallback") && channel.data_ciphers_fallback == cipher) {
    return "data-ciphers-fallback";
  }
  if (said("cipher") && channel.cipher == cipher) return "cipher";
  for (const char* list : {"data-ciphers", "ncp-ciphers"}) {
    if (said(list)) return list;
  }
  return said("compat-mode") ? "compat-mode" : "secret";
}

void check_cipher(const Config& config, const std::string& cipher, const Findings& found) {
  std::string weakness = weakness_of(cipher);
  if (weakness.empty()) return;
  const bool pair = config.secret.defined();
  if (cipher != "none") {
    weakness += pair                         ? ", and the key of \"secret\" never changes"
                : config.channel.reneg_bytes ? ", and reneg-bytes says when keys change"
                                             : ", so keys change every 64 MiB";
  }
  found.warn(asked_by(config, cipher), weakness,
             pair ? "use AES-256-CBC on both sides"
                  : "use AES-256-GCM on both sides as soon as both know it");
}

void check_digest(const Config& config, const std::vector<std::string>& ciphers,
                  const Findings& found) {
  const auto bare = std::ranges::find_if_not(ciphers, authenticates_itself);
  const bool wraps = std::ranges::any_of(config.remotes.list, [](const Connection& connection) {
    return connection.tls_auth.defined();
  });
  if (bare == ciphers.end() && !wraps && !config.connection.tls_auth.defined()) return;
  const std::string& digest = config.channel.auth;
  const bool said = config.said_of("auth") != nullptr;
  if (digest == "none") {
    found.warn("auth", "with \"auth none\" anybody on the way can change packets unnoticed",
               "write \"auth SHA256\" on both sides");
  } else if (digest == "SHA1" || digest == "MD5" || digest == "MD4") {
    if (said) {
      found.warn("auth", digest + " is an old digest", "write \"auth SHA256\" on both sides");
    } else if (bare != ciphers.end()) {
      found.warn(
          asked_by(config, *bare),
          *bare + " goes with the digest of \"auth\", which is unsaid here and therefore SHA1",
          "write \"auth SHA256\" on both sides");
    }
  }
}

void check_tls(const Config& config, const Findings& found) {
  if (config.tls_role == TlsRole::none) return;
  const std::string& least = config.identity.tls_version_min;
  if (least == "1.0" || least == "1.1") {
    found.warn(config.said_of("tls-version-min") != nullptr ? "tls-version-min" : "compat-mode",
               "TLS " + least + " is old and accepted", "write \"tls-version-min 1.2\"");
  }
  if (config.identity.cert_profile == Identity::CertProfile::insecure) {
    found.warn("tls-cert-profile",
               "certificates signed with SHA1 or MD5, short keys and small dh files are accepted",
               "make new certificates, then remove the line");
  }
}

}  // namespace

void check_weak(const Config& config, const Findings& found) {
  const auto ciphers = usable_ciphers(config);
  for (const std::string& cipher : ciphers) check_cipher(config, cipher, found);
  check_digest(config, ciphers, found);
  check_tls(config, found);
}

}  // namespace adit::options
