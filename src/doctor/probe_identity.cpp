#include "doctor/probe_identity.h"

#include "base/text.h"
#include "crypto/tls_crypt_v2.h"
#include "node/wrapping.h"
#include "pki/authority.h"
#include "system/clock.h"

namespace adit::doctor {

namespace {

constexpr std::chrono::days lifetime{1};
constexpr std::int64_t least_seconds_left = 600;

std::string block(std::string_view label, std::string_view text) {
  return fmt::format("<{0}>\n{1}\n</{0}>\n", label, text);
}

Result<pki::Exported> export_probe(const std::string& pki, Rng& rng) {
  auto authority = pki::Authority::open(pki);
  if (!authority) return fail_with(authority.error());
  const auto name = pki::Name::parse(probe_name);
  if (!name) return fail_with(name.error());
  const WallTime now = system::wall_now();
  std::optional<pki::Entry> usable;
  for (const pki::Entry& entry : authority->list(now)) {
    if (entry.name == probe_name && entry.state == pki::State::valid) usable = entry;
  }
  if (usable && usable->not_after.seconds - now.seconds < least_seconds_left) {
    const auto ended = authority->revoke(*name, pki::Reason::superseded, now);
    if (!ended) return fail_with(ended.error());
    usable.reset();
  }
  if (!usable) {
    pki::CertificateRequest request{.kind = pki::Kind::client, .name = *name};
    request.lifetime = lifetime;
    const auto issued = authority->issue(request, rng, now);
    if (!issued) return fail_with(issued.error());
  }
  return authority->export_client(*name, rng, now);
}

// The key of the control channel that the server wants, as a client's profile says it.
Result<std::string> wrapping_lines(const options::Config& server, ports::StorePort& store,
                                   Rng& rng) {
  const options::Connection& connection = server.connection;
  if (connection.tls_auth.defined()) {
    const auto text = node::load_text(connection.tls_auth, "tls-auth", store);
    if (!text) return fail_with(text.error());
    std::string lines = block("tls-auth", *text);
    if (connection.key_direction) {
      lines += fmt::format("key-direction {}\n", 1 - *connection.key_direction);
    }
    return lines;
  }
  if (connection.tls_crypt.defined()) {
    const auto text = node::load_text(connection.tls_crypt, "tls-crypt", store);
    if (!text) return fail_with(text.error());
    return block("tls-crypt", *text);
  }
  if (!connection.tls_crypt_v2.defined()) return std::string();
  const auto text = node::load_text(connection.tls_crypt_v2, "tls-crypt-v2", store);
  if (!text) return fail_with(text.error());
  const auto key = crypto::TlsCryptV2ServerKey::parse(*text);
  if (!key) return fail_with(key.error());
  const auto client =
      key->wrap(crypto::StaticKey::generate(rng), crypto::timestamp_metadata(system::wall_now()));
  if (!client) return fail_with(client.error());
  return block("tls-crypt-v2", client->render());
}

// What both sides must say alike; written as the server's file has it.
std::string same_lines(const options::Config& server) {
  constexpr std::string_view alike[] = {"auth",     "cipher",  "data-ciphers", "comp-lzo",
                                        "compress", "tun-mtu", "fragment",     "tls-cert-profile"};
  std::string lines;
  for (const std::string_view option : alike) {
    if (const options::Said* said = server.said_of(option)) lines += said->line + "\n";
  }
  return lines;
}

}  // namespace

Result<SecretText> make_probe_profile(const options::Config& server, const std::string& pki,
                                      const std::string& host, ports::StorePort& store, Rng& rng) {
  if (server.server.ccd_exclusive) {
    return fail_with({"the server has ccd-exclusive: it takes only clients with a file there",
                      "test with a client's profile: --profile FILE"});
  }
  const bool wants_password = server.scripts.auth_user_pass_verify.defined() ||
                              server.scripts.auth_via_file || !server.scripts.plugins.empty();
  if (wants_password) {
    return fail_with({"the server asks for a user name and a password",
                      "test with a client's profile: --profile FILE"});
  }
  auto exported = export_probe(pki, rng);
  if (!exported) {
    Error error = exported.error();
    if (error.advice.empty()) error.advice = "test with a client's profile: --profile FILE";
    return fail_because("no certificate for the test", error);
  }
  const auto wrapping = wrapping_lines(server, store, rng);
  if (!wrapping) return fail_with(wrapping.error());
  const options::Connection& connection = server.connection;
  const bool v6 = connection.proto.family == ip::Family::v6 && host.find(':') != host.npos;
  const std::string proto =
      connection.proto.is_tcp() ? (v6 ? "tcp6-client" : "tcp-client") : (v6 ? "udp6" : "udp");
  return SecretText(fmt::format("client\ndev tun\nnobind\nproto {}\nremote {} {}\n"
                                "remote-cert-tls server\n{}{}",
                                proto, host, connection.local_port.value_or("1194"),
                                same_lines(server), *wrapping) +
                    block("ca", exported->ca) + block("cert", exported->certificate) +
                    block("key", exported->key.reveal()));
}

}  // namespace adit::doctor
