#include <algorithm>

#include <fmt/core.h>

#include "base/text.h"
#include "lint/talk_checks.h"

// Whether two configurations can talk to each other: how they find each other, and how packets
// look. Who they are to each other is in talk_identity.cpp.

namespace adit::lint {

namespace {

using options::Compression;
using options::Config;
using options::Connection;
using options::Mode;
using options::TlsRole;

std::string port_of(const Config& server) { return server.connection.local_port.value_or("1194"); }

const char* name_of(bool tcp) { return tcp ? "TCP" : "UDP"; }

bool fits(const Config& server, const Connection& remote) {
  return remote.proto.is_tcp() == server.connection.proto.is_tcp() &&
         remote.remote_port == port_of(server);
}

void check_way(const TalkCheck& talk) {
  const auto& remotes = talk.client.remotes.list;
  if (remotes.empty()) return;
  if (std::ranges::any_of(remotes, [&](const Connection& one) { return fits(talk.server, one); })) {
    return;
  }
  const bool tcp = talk.server.connection.proto.is_tcp();
  const Connection& first = remotes.front();
  talk.error("remote",
             fmt::format("it calls {} port {}, and the server listens on {} port {}",
                         name_of(first.proto.is_tcp()), printable(first.remote_port), name_of(tcp),
                         printable(port_of(talk.server))),
             fmt::format("write \"remote {} {} {}\"", printable(first.remote),
                         printable(port_of(talk.server)), tcp ? "tcp" : "udp"));
}

void check_device(const TalkCheck& talk) {
  const auto theirs = talk.server.device.type, ours = talk.client.device.type;
  if (!theirs || !ours || *theirs == *ours) return;
  talk.error(talk.client.said_of("dev-type") != nullptr ? "dev-type" : "dev",
             "one side has tun and the other tap", "write the same at both ends");
}

void check_talk_sizes(const TalkCheck& talk) {
  const Connection &ours = link_of(talk.client), &theirs = link_of(talk.server);
  if (ours.fragment.has_value() != theirs.fragment.has_value()) {
    const bool here = ours.fragment.has_value();
    const auto size = here ? *ours.fragment : *theirs.fragment;
    talk.error(here ? "fragment" : "client",
               fmt::format("\"fragment\" stands at the {} only: not one packet will pass",
                           here ? "client" : "server"),
               fmt::format("write \"fragment {}\" at both ends, or at none", size));
  }
  const bool pushed = talk.server.mode == Mode::server;  // the server tells its clients
  if (!pushed && ours.tun_mtu.value_or(1500) != theirs.tun_mtu.value_or(1500)) {
    talk.warn("tun-mtu",
              fmt::format("tun-mtu differs: {} at one end, {} at the other",
                          theirs.tun_mtu.value_or(1500), ours.tun_mtu.value_or(1500)),
              "write the same at both ends");
  }
}

// Which mark each packet bears: none, that of comp-lzo, or one of the two of compress.
int framing_of(Compression compression) {
  switch (compression) {
    case Compression::off:
    case Compression::migrate:
      return 0;
    case Compression::lzo:
    case Compression::lzo_stub:
      return 1;
    case Compression::stub:
    case Compression::lz4:
      return 2;
    case Compression::stub_v2:
    case Compression::lz4_v2:
      break;
  }
  return 3;
}

bool pushes(const Config& server, std::string_view option) {
  return std::ranges::any_of(server.server.push, [&](const std::string& line) {
    const auto all = words(line);
    return !all.empty() && all.front() == option;
  });
}

void check_compression(const TalkCheck& talk) {
  const Compression theirs = talk.server.channel.compression,
                    ours = talk.client.channel.compression;
  if (talk.server.mode == Mode::server) {
    const bool settled = theirs == Compression::migrate || pushes(talk.server, "comp-lzo") ||
                         pushes(talk.server, "compress");
    if (settled) return;
  }
  if (framing_of(theirs) == framing_of(ours)) return;
  const char* const option = talk.client.said_of("compress") != nullptr ? "compress" : "comp-lzo";
  talk.error(
      talk.client.said_of(option) != nullptr ? option : "client",
      "the two ends frame packets in different ways (comp-lzo, compress): the tunnel comes up "
      "and nothing passes",
      "remove comp-lzo and compress at both ends, or write \"compress migrate\" on the server");
}

// ---- ciphers ----

// Empty: there is none.
std::string common_cipher(const options::Channel& server, const options::Channel& client) {
  const auto knows = [&](const std::string& name) {
    return std::ranges::find(client.data_ciphers, name) != client.data_ciphers.end();
  };
  const auto known = std::ranges::find_if(server.data_ciphers, knows);
  if (known != server.data_ciphers.end()) return *known;
  const std::string& fallback = server.data_ciphers_fallback;
  return knows(fallback) || client.data_ciphers_fallback == fallback ? fallback : std::string();
}

std::string cipher_text(const Config& config) {
  const options::Channel& channel = config.channel;
  return config.secret.defined() ? channel.cipher : join(channel.data_ciphers, ":");
}

void check_cipher(const TalkCheck& talk) {
  const bool bare = talk.server.secret.defined();
  const std::string same = talk.server.channel.cipher == talk.client.channel.cipher
                               ? talk.server.channel.cipher
                               : std::string();
  const std::string cipher = bare ? same : common_cipher(talk.server.channel, talk.client.channel);
  if (cipher.empty()) {
    talk.error(bare ? "cipher" : "data-ciphers",
               fmt::format("no cipher is known to both: {} at one end, {} at the other",
                           cipher_text(talk.server), cipher_text(talk.client)),
               bare ? "write the same cipher at both ends"
                    : "leave data-ciphers out at both ends, or add AES-256-GCM to both");
    return;
  }
  const bool digest_counts = bare || !options::authenticates_itself(cipher);
  if (digest_counts && talk.server.channel.auth != talk.client.channel.auth) {
    talk.error("auth",
               fmt::format("the digests differ ({} at one end, {} at the other), and {} needs one",
                           talk.server.channel.auth, talk.client.channel.auth, cipher),
               "write the same \"auth\" at both ends");
  }
}

// ---- two ends without a server ----

void check_addresses(const TalkCheck& talk) {
  if (talk.server.mode == Mode::server) return;
  const auto &theirs = talk.server.device.ifconfig, &ours = talk.client.device.ifconfig;
  if (!theirs || !ours || talk.client.device.topology == options::Topology::subnet) return;
  if (talk.client.device.type == options::DevType::tap) return;
  if (theirs->first == ours->second && theirs->second == ours->first) return;
  talk.error(
      "ifconfig",
      fmt::format("the addresses are not each other's mirror: {} {} at one end, {} {} at the "
                  "other",
                  theirs->first, theirs->second, ours->first, ours->second),
      fmt::format("write \"ifconfig {} {}\" here", theirs->second, theirs->first));
}

void check_pull(const TalkCheck& talk) {
  const bool serves = talk.server.mode == Mode::server;
  if (serves && !talk.client.client.pull) {
    talk.warn("tls-client", "it does not ask the server for its address (no \"pull\")",
              "write \"client\" in place of tls-client");
  }
  if (!serves && talk.client.client.pull) {
    talk.error("client", "it waits for an address from the other end, which gives none",
               "write \"tls-client\" and \"ifconfig\" here, or make the other end a server");
  }
}

}  // namespace

const Connection& link_of(const Config& config) {
  return config.remotes.list.empty() ? config.connection : config.remotes.list.front();
}

void TalkCheck::add(options::Issue::Severity severity, std::string_view option, std::string message,
                    std::string advice) const {
  options::Issue issue{severity, {}, {}, std::move(message), std::move(advice)};
  const options::Said* said = client.said_of(option);
  if (said == nullptr) said = server.said_of(option);
  if (said != nullptr) {
    issue.at = said->at;
    issue.line = said->line;
  }
  issues.push_back(std::move(issue));
}

std::optional<Talk> compare(const Linted& one, const Linted& other) {
  if (!one.parsed.ok() || !other.parsed.ok()) return std::nullopt;
  const bool first_serves =
      one.parsed.config.tls_role == TlsRole::server ||
      (one.parsed.config.secret.defined() && other.parsed.config.tls_role != TlsRole::server);
  const Linted& server = first_serves ? one : other;
  const Linted& client = first_serves ? other : one;
  Talk talk{server.report.file, client.report.file, {}};
  const TalkCheck check{server.parsed.config, client.parsed.config, talk.findings};
  const bool both_bare = check.server.secret.defined() && check.client.secret.defined();
  const bool opposite =
      check.server.tls_role == TlsRole::server && check.client.tls_role == TlsRole::client;
  if (!both_bare && !opposite) {
    check.error(check.client.tls_role == TlsRole::server ? "tls-server" : "client",
                "these are not the two ends of one tunnel: it takes a server and a client",
                "one has \"server\" or tls-server, the other \"client\" or tls-client");
    return talk;
  }
  check_way(check);
  check_device(check);
  check_talk_sizes(check);
  check_compression(check);
  check_cipher(check);
  check_addresses(check);
  if (!both_bare) check_pull(check);
  check_wrapping(check);
  if (both_bare) {
    check_shared_key(check);
  } else {
    check_certificates_of_both(check);
    check_accounts_of_both(check);
  }
  return talk;
}

}  // namespace adit::lint
