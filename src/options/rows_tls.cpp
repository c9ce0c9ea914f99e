#include <algorithm>
#include <array>
#include <charconv>

#include "options/pages.h"
#include "options/setters.h"

namespace adit::options {

namespace {

void tls_client(Use& use) { use.config().tls_role = TlsRole::client; }
void tls_server(Use& use) { use.config().tls_role = TlsRole::server; }

void askpass(Use& use) {
  Identity& identity = use.config().identity;
  identity.askpass_set = true;
  identity.askpass = use.has(0) && use.word(0) != "stdin" ? use.word(0) : "-";
}

void crl_verify(Use& use) {
  Identity& identity = use.config().identity;
  if (use.has(1) && !use.one_of(1, {"dir"})) return;
  identity.crl = use.file();
  identity.crl_is_directory = use.has(1);
}

void direction(Use& use, std::size_t index) {
  use.choice<int>(index, use.link().key_direction, {{"0", 0}, {"1", 1}});
}

void key_direction(Use& use) { direction(use, 0); }

void tls_auth(Use& use) {
  set_file<&Config::connection, &Connection::tls_auth>(use);
  if (use.in_connection()) use.link().key_direction.reset();  // source: stock 2.6.14
  if (use.has(1)) direction(use, 1);
}

void tls_crypt(Use& use) {
  set_file<&Config::connection, &Connection::tls_crypt>(use);
  if (use.has(1)) use.note("tls-crypt has no direction; the second word is ignored");
}

void tls_crypt_v2(Use& use) {
  using Cookie = Connection::Cookie;
  set_file<&Config::connection, &Connection::tls_crypt_v2>(use);
  if (!use.has(1)) return;
  use.choice<Cookie>(
      1, use.link().tls_crypt_v2_cookie,
      {{"force-cookie", Cookie::force_cookie}, {"allow-noncookie", Cookie::allow_noncookie}});
}

void remote_cert_tls(Use& use) {
  using Usage = Identity::CertUsage;
  use.choice<Usage>(0, use.config().identity.remote_cert_tls,
                    {{"server", Usage::server}, {"client", Usage::client}});
}

void remote_cert_ku(Use& use) {
  constexpr unsigned any_usage = 0xFFFF;
  auto& usages = use.config().identity.remote_cert_ku;
  usages.clear();
  for (const std::string& word : use.words()) {
    unsigned usage = 0;
    const auto [stop, failure] = std::from_chars(word.data(), word.data() + word.size(), usage, 16);
    if (failure != std::errc{} || stop != word.data() + word.size()) {
      use.error('"' + shown(word) + "\" is not a hexadecimal number", "key usages look like a0");
      return;
    }
    usages.push_back(usage);
  }
  if (usages.empty()) usages.push_back(any_usage);
}

void verify_x509_name(Use& use) {
  using Match = Identity::NameMatch;
  Identity& identity = use.config().identity;
  identity.verify_x509_name = use.word(0);
  identity.verify_x509_type = Match::subject;
  if (!use.has(1)) return;
  use.choice<Match>(
      1, identity.verify_x509_type,
      {{"subject", Match::subject}, {"name", Match::name}, {"name-prefix", Match::name_prefix}});
}

constexpr std::size_t sha256_bytes = 32, sha1_bytes = 20;

// "aa:bb:..." or "aabb..." of so many bytes as upper-case hex with colons.
std::optional<std::string> fingerprint(std::string_view text, std::size_t size) {
  std::string digits;
  for (const char c : text) {
    if (c != ':') digits += c;
  }
  const auto bytes = from_hex(digits);
  if (!bytes || bytes->size() != size) return std::nullopt;
  std::string shape;
  for (std::size_t i = 0; i < digits.size(); i += 2) {
    shape += (i > 0 ? ":" : "") + digits.substr(i, 2);
  }
  return to_upper(shape);
}

void take_fingerprints(Use& use, bool sha1, std::vector<std::string>& into) {
  for (const std::string_view part : split(use.word(0), '\n')) {
    const std::string_view text = trim(part);
    if (text.empty() || text.starts_with('#') || text.starts_with(';')) continue;
    auto one = fingerprint(text, sha1 ? sha1_bytes : sha256_bytes);
    if (one) {
      into.push_back(std::move(*one));
    } else {
      use.error('"' + shown(text) + "\" is not a " + (sha1 ? "SHA-1" : "SHA-256") + " fingerprint",
                std::string("\"openssl x509 -noout ") + (sha1 ? "-sha1" : "-sha256") +
                    " -fingerprint -in FILE\" prints it");
    }
  }
}

void peer_fingerprint(Use& use) {
  take_fingerprints(use, false, use.config().identity.peer_fingerprints);
}

void verify_hash(Use& use) {
  Identity& identity = use.config().identity;
  bool sha1 = !use.is_inline();
  if (use.has(1) && !use.choice<bool>(1, sha1, {{"SHA1", true}, {"SHA256", false}})) return;
  identity.issuer_hashes_sha1 = sha1;
  take_fingerprints(use, sha1, identity.issuer_hashes);
}

void crypt_v2_max_age(Use& use) { use.number(0, use.config().server.crypt_v2_max_age_days, 1); }

void x509_username_field(Use& use) {
  auto& fields = use.config().identity.username_fields;
  fields.clear();
  for (std::string field : use.words()) {
    if (field.starts_with("ext:") && field != "ext:subjectAltName" &&
        field != "ext:issuerAltName") {
      use.error('"' + shown(field) + "\" is not supported",
                "use ext:subjectAltName or ext:issuerAltName");
      return;
    }
    const bool lower =
        std::ranges::none_of(field, [](char c) { return (c >= 'A' && c <= 'Z') || c == ':'; });
    if (lower) {
      field = to_upper(field);
      use.note("taken as " + shown(field), "write it in upper case");
    }
    fields.push_back(std::move(field));
  }
}

bool is_tls_version(const std::string& text) {
  return text == "1.0" || text == "1.1" || text == "1.2" || text == "1.3";
}

void tls_version_min(Use& use) {
  Identity& identity = use.config().identity;
  identity.tls_version_min_or_highest = use.has(1);
  if (use.has(1) && !use.one_of(1, {"or-highest"})) return;
  if (use.has(1) && !is_tls_version(use.word(0))) {
    identity.tls_version_min = "1.3";
  } else if (use.one_of(0, {"1.0", "1.1", "1.2", "1.3"})) {
    identity.tls_version_min = use.word(0);
  }
}

void tls_version_max(Use& use) {
  if (use.one_of(0, {"1.0", "1.1", "1.2", "1.3"})) {
    use.config().identity.tls_version_max = use.word(0);
  }
}

void tls_cert_profile(Use& use) {
  using Profile = Identity::CertProfile;
  use.choice<Profile>(0, use.config().identity.cert_profile,
                      {{"legacy", Profile::legacy},
                       {"preferred", Profile::preferred},
                       {"suiteb", Profile::suiteb},
                       {"insecure", Profile::insecure}});
}

void providers(Use& use) {
  if (use.is_pushed() || use.in_profile()) {
    use.note("providers are loaded once, at the start");
    return;
  }
  append_words<&Config::identity, &Identity::providers>(use);
}

// clang-format off
constexpr std::array tls_rows{
    Row{.name = "tls-client", .help = "TLS client role.", .apply = tls_client},
    Row{.name = "tls-server", .help = "TLS server role.", .apply = tls_server},
    Row{.name = "ca", .args = {1, 1, "file"}, .where = where::anywhere | where::inside,
        .change = Change::handshakes, .help = "PEM file with trusted CA certificates.",
        .apply = set_file<&Config::identity, &Identity::ca>},
    Row{.name = "capath", .args = {1, 1, "dir"}, .change = Change::handshakes,
        .help = "Directory of hashed CA certificates and CRLs.",
        .apply = set_text<&Config::identity, &Identity::ca_path>},
    Row{.name = "cert", .args = {1, 1, "file"}, .where = where::anywhere | where::inside,
        .change = Change::handshakes, .help = "Own certificate (PEM, chain allowed).",
        .apply = set_file<&Config::identity, &Identity::cert>},
    Row{.name = "key", .args = {1, 1, "file"}, .where = where::anywhere | where::inside,
        .change = Change::handshakes, .help = "Own private key (PEM).",
        .apply = set_file<&Config::identity, &Identity::key>},
    Row{.name = "extra-certs", .args = {1, 1, "file"}, .where = where::anywhere | where::inside,
        .change = Change::handshakes, .help = "Extra chain certificates to send.",
        .apply = set_file<&Config::identity, &Identity::extra_certs>},
    Row{.name = "pkcs12", .args = {1, 1, "file|[inline base64]"},
        .where = where::anywhere | where::inside, .change = Change::handshakes,
        .help = "CA, cert and key in one file.",
        .apply = set_file<&Config::identity, &Identity::pkcs12>},
    Row{.name = "dh", .args = {1, 1, "file|none"}, .where = where::anywhere | where::inside,
        .change = Change::handshakes, .help = "DH parameters.",
        .apply = set_file<&Config::identity, &Identity::dh>},
    Row{.name = "askpass", .args = {0, 1, "[file]"},
        .help = "Read private-key passphrase from file or console.", .apply = askpass},
    Row{.name = "crl-verify", .args = {1, 2, "file | directory dir"},
        .where = where::anywhere | where::inside, .change = Change::now,
        .help = "Reject revoked peer certificates.", .apply = crl_verify},
    Row{.name = "tls-auth", .args = {1, 2, "file [0|1]"},
        .where = where::anywhere | where::connection | where::inside,
        .change = Change::new_sessions, .reaches_back = true,
        .help = "HMAC firewall on control channel.", .apply = tls_auth},
    Row{.name = "key-direction", .args = {1, 1, "0|1"},
        .where = where::anywhere | where::connection, .change = Change::new_sessions,
        .reaches_back = true,
        .help = "Direction for inline tls-auth/secret.", .apply = key_direction},
    Row{.name = "tls-crypt", .args = {1, 2, "file"},
        .where = where::anywhere | where::connection | where::inside,
        .change = Change::new_sessions, .reaches_back = true,
        .help = "Encrypt+authenticate control channel.", .apply = tls_crypt},
    Row{.name = "tls-crypt-v2", .args = {1, 2, "file [force-cookie|allow-noncookie]"},
        .where = where::anywhere | where::connection | where::inside,
        .change = Change::new_sessions, .reaches_back = true,
        .help = "Per-client control-channel keys.", .apply = tls_crypt_v2},
    Row{.name = "tls-crypt-v2-max-age", .args = {1, many, "days"}, .change = Change::new_sessions,
        .newer = true, .help = "Reject old tls-crypt-v2 client keys.",
        .apply = crypt_v2_max_age},
    Row{.name = "remote-cert-tls", .args = {1, 1, "server|client"}, .change = Change::handshakes,
        .help = "Require KU + EKU of role.", .apply = remote_cert_tls},
    Row{.name = "remote-cert-ku", .args = {0, many, "[hex...]"}, .change = Change::handshakes,
        .help = "Require key usage.", .apply = remote_cert_ku},
    Row{.name = "remote-cert-eku", .args = {1, 1, "oid|name"}, .change = Change::handshakes,
        .help = "Require EKU.", .apply = set_text<&Config::identity, &Identity::remote_cert_eku>},
    Row{.name = "ns-cert-type", .args = {1, 1, "server|client"}, .change = Change::handshakes,
        .note = "ns-cert-type is obsolete and taken as remote-cert-tls",
        .help = "Check Netscape cert type.", .apply = remote_cert_tls},
    Row{.name = "verify-x509-name", .args = {1, 2, "name [subject|name|name-prefix]"},
        .change = Change::handshakes, .help = "Check peer name.", .apply = verify_x509_name},
    Row{.name = "peer-fingerprint", .args = {1, 1, "fingerprint"},
        .where = where::anywhere | where::inside, .change = Change::handshakes,
        .help = "Accept peer with SHA256 fingerprint; CA optional.", .apply = peer_fingerprint},
    Row{.name = "verify-hash", .args = {1, 2, "hex [SHA1|SHA256]"},
        .where = where::anywhere | where::inside, .change = Change::handshakes,
        .note = "DEPRECATED OPTION: The option --verify-hash is deprecated. You should switch to "
         "the either use the level 1 certificate as --ca option, use --tls-verify or use "
         "--peer-fingerprint",
        .help = "Pin level-1 certificate.", .apply = verify_hash},
    Row{.name = "x509-username-field", .args = {1, many, "field|ext:field [more]"},
        .help = "Certificate field used as common name.",
        .apply = x509_username_field},
    Row{.name = "x509-track", .args = {1, 1, "[+]attr"}, .change = Change::handshakes,
        .help = "Export certificate attribute to env.",
        .apply = append_words<&Config::identity, &Identity::x509_track>},
    Row{.name = "tls-version-min", .args = {1, 2, "ver [or-highest]"},
        .change = Change::handshakes, .help = "Min TLS.", .apply = tls_version_min},
    Row{.name = "tls-version-max", .args = {1, 1, "1.0..1.3"}, .change = Change::handshakes,
        .help = "Max TLS.", .apply = tls_version_max},
    Row{.name = "tls-cipher", .args = {1, 1, "list"}, .change = Change::handshakes,
        .help = "TLS<=1.2 suites.", .apply = set_text<&Config::identity, &Identity::tls_cipher>},
    Row{.name = "tls-ciphersuites", .args = {1, 1, "list"}, .change = Change::handshakes,
        .help = "TLS 1.3 suites.",
        .apply = set_text<&Config::identity, &Identity::tls_ciphersuites>},
    Row{.name = "tls-groups", .args = {1, 1, "list"}, .change = Change::handshakes,
        .help = "Key-exchange groups.",
        .apply = set_text<&Config::identity, &Identity::tls_groups>},
    Row{.name = "ecdh-curve", .args = {1, 1, "name"}, .change = Change::handshakes,
        .note = "ecdh-curve is obsolete and taken as tls-groups", .help = "Force ECDH curve.",
        .apply = set_text<&Config::identity, &Identity::tls_groups>},
    Row{.name = "tls-cert-profile", .args = {1, 1, "insecure|legacy|preferred|suiteb"},
        .change = Change::handshakes, .help = "Certificate strength profile (security level).",
        .apply = tls_cert_profile},
    Row{.name = "providers", .args = {1, many, "name..."},
        .where = where::anywhere | where::pushed | where::profile,
        .help = "OpenSSL 3 providers to load.", .apply = providers},
    Row{.name = "engine", .args = {0, 1, "[name]"}, .state = State::accepted,
        .note = "OpenSSL engines are gone; see providers", .help = "OpenSSL engine."},
    Row{.name = "tls-exit", .help = "Exit on TLS failure instead of restart.",
        .apply = set_flag<&Config::channel, &Channel::tls_exit>},
    Row{.name = "single-session", .help = "Allow one TLS session only, then exit.",
        .apply = set_flag<&Config::channel, &Channel::single_session>},
};
// clang-format on

}  // namespace

Page tls_page() { return {"Identity and TLS", tls_rows}; }

}  // namespace adit::options
