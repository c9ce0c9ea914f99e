#include <fmt/core.h>

#include "lint/checks.h"
#include "options/table.h"

// What works, and nobody would write today.

namespace adit::lint {

namespace {

using options::Config;
using options::Findings;
using options::Mode;

void check_topology(const Config& config, const Findings& found) {
  const bool chosen = config.said_of("topology") != nullptr;
  if (!chosen || config.mode != Mode::server) return;
  if (config.device.topology != options::Topology::net30) return;
  if (config.device.type != options::DevType::tun) return;
  found.warn(
      "topology",
      "net30 spends four addresses on each client, for the sake of Windows "
      "clients before OpenVPN 2.1",
      "write \"topology subnet\", and in files of client-config-dir the netmask as the second "
      "word of ifconfig-push");
}

void check_wrapping_practice(const Config& config, const Findings& found) {
  const options::Connection& link = config.connection;
  const bool wrapped =
      link.tls_auth.defined() || link.tls_crypt.defined() || link.tls_crypt_v2.defined();
  if (config.mode != Mode::server || wrapped) return;
  found.note("server", "anybody who finds the port can talk TLS to it",
             "a key in tls-crypt, on both sides, keeps strangers out");
}

void check_dh(const Config& config, const Findings& found) {
  const bool needs = config.tls_role == options::TlsRole::server;
  if (!needs || config.identity.dh.defined() || config.said_of("dh") != nullptr) return;
  found.warn(config.said_of("server") != nullptr ? "server" : "tls-server",
             "OpenVPN 2.6 and older do not start a server without dh", "write \"dh none\"");
}

void check_clients_of_server(const Config& config, const Findings& found) {
  if (config.mode != Mode::server) return;
  if (config.server.duplicate_cn && !config.server.ccd.empty()) {
    found.warn("duplicate-cn",
               "several clients of one name get one file of client-config-dir: an address or a "
               "network in it goes to whoever connects last",
               "give each client a certificate of its own and remove the line");
  }
  const auto usage = config.identity.remote_cert_tls;
  const bool by_certificate =
      config.identity.verify_client_cert == options::Identity::ClientCert::require;
  if (usage == options::Identity::CertUsage::any && by_certificate &&
      config.identity.peer_fingerprints.empty()) {
    found.note(
        "ca", "the certificate of a server of this CA could pose as a client",
        "add \"remote-cert-tls client\" if all clients' certificates are issued for clients");
  }
}

void check_management(const Config& config, const Findings& found) {
  const options::Management& management = config.management;
  if (!management.defined() || management.port == "unix" || management.connects_out) return;
  const std::string& host = management.address;
  const auto address = ip::Address::parse(host);
  const bool near = host == "localhost" || host == "tunnel" || host.starts_with("127.") ||
                    (address && address->text() == "::1");
  if (near || !management.password_file.empty()) return;
  found.warn("management", "whoever reaches this port can steer the program, without a password",
             "write \"management 127.0.0.1 PORT\", a unix socket, or a file with a password as the "
             "third word");
}

void check_renewal(const Config& config, const Findings& found) {
  if (config.said_of("reneg-sec") == nullptr || config.channel.reneg.count() != 0) return;
  found.note("reneg-sec", "this side never asks for new keys; the other side's interval counts");
}

// Whoever shares the file with another program wants to know.
void check_known(const Config& config, const Findings& found) {
  for (const options::Said& said : config.said) {
    const options::Row* row = options::find_row(said.name);
    if (row == nullptr) continue;
    if (row->ours) found.note(said.name, "only adit knows it; OpenVPN does not start with it");
    if (row->newer) found.note(said.name, "OpenVPN before 2.7 does not know it");
  }
}

}  // namespace

void check_practice(const Config& config, const Findings& found) {
  check_topology(config, found);
  check_wrapping_practice(config, found);
  check_dh(config, found);
  check_clients_of_server(config, found);
  check_management(config, found);
  check_renewal(config, found);
  check_known(config, found);
  constexpr int every_packet = 6;
  if (config.logging.verb >= every_packet) {
    found.note("verb",
               "from 6 on stock OpenVPN writes a line for every packet, which costs most of "
               "its speed");
  }
}

}  // namespace adit::lint
