#include "options/checks.h"

#include <algorithm>
#include <set>

#include "base/text.h"
#include "options/findings.h"
#include "options/proxies.h"

namespace adit::options {

namespace {

// What is wrong with every remote is said once.
void drop_repeats(Issues& issues) {
  std::set<std::string> seen;
  std::erase_if(issues, [&](const Issue& issue) { return !seen.insert(issue.text()).second; });
}

}  // namespace

Issues check(const Config& config) {
  Issues issues;
  const Findings found(config, issues);
  check_roles(config, found);
  check_server(config, found);
  check_tap(config, found);
  check_identity(config, found);
  check_links(config, found);
  check_data_channel(config, found);
  check_static_key(config, found);
  check_weak(config, found);
  check_habits(config, found);
  drop_repeats(issues);
  return issues;
}

void check_roles(const Config& config, const Findings& found) {
  if (config.device.name.empty()) {
    found.error("", "You must define TUN/TAP device (--dev)", "write \"dev tun\"");
  } else if (!config.device.type) {
    found.error("dev", "the name does not tell what the device is",
                "add \"dev-type tun\" or \"dev-type tap\"");
  }
  const bool both_roles = config.said_of("tls-server") != nullptr &&
                          (config.said_of("tls-client") != nullptr || config.client.pull);
  if (both_roles) {
    found.error("tls-server", "specify only one of --tls-server, --tls-client, or --secret",
                "remove the one that this side is not");
  }
  if (config.mode == Mode::server && config.tls_role != TlsRole::server && !both_roles) {
    found.error(
        "mode", "--mode server requires --tls-server",
        "add the line \"tls-server\", or write \"server NETWORK NETMASK\", which stands for both");
  }
  const bool without_tls = config.tls_role == TlsRole::none && !config.secret.defined();
  if (config.mode == Mode::p2p && without_tls && !config.client.pull) {
    found.error("", "this is neither a client nor a server",
                "add \"client\", or \"server 10.8.0.0 255.255.255.0\"");
  }
  if (config.mode == Mode::p2p && config.remotes.list.empty()) {
    if (config.client.pull) {
      found.error("client", "a client needs to know its server", "write \"remote HOST PORT\"");
    } else if (config.connection.nobind) {
      found.error("nobind", "--nobind doesn't make sense unless used with --remote",
                  "name the peer with \"remote HOST PORT\", or remove nobind");
    } else if (config.tls_role == TlsRole::client) {
      found.error("tls-client", "the TLS client begins, so it needs to know its peer",
                  "write \"remote HOST PORT\", or make this end the tls-server");
    }
  }
}

void check_links(const Config& config, const Findings& found) {
  std::vector<const Connection*> links;
  for (const Connection& connection : config.remotes.list) links.push_back(&connection);
  if (links.empty()) links.push_back(&config.connection);
  for (const Connection* link : links) {
    if (link->bind && config.said_of("nobind") != nullptr) {
      found.error("nobind", "--bind and --nobind can't be used together", "remove one of them");
    }
    if (link->nobind && !link->local.empty()) {
      found.error("nobind", "--local and --nobind don't make sense when used together",
                  "remove one of them");
    }
    if (link->nobind && link->local_port_binds) {
      found.error("nobind", "--lport and --nobind don't make sense when used together",
                  "remove one of them");
    }
    const std::string port = link->local_port.value_or("1194");
    if (!link->local.empty() && link->local == link->remote && port == link->remote_port) {
      found.error("local", "--remote and --local addresses are the same",
                  "a program cannot be its own peer: the one is here, the other there");
    }
    if (link->proto.transport == Transport::tcp) {
      found.error("proto", "--proto tcp is ambiguous in this context",
                  "specify --proto tcp-server or --proto tcp-client");
    }
    if (link->link_mtu && link->tun_mtu) {
      found.error("link-mtu", "only one of --tun-mtu or --link-mtu may be defined", "keep tun-mtu");
    }
    if (config.remotes.mtu_test && link->proto.is_tcp()) {
      found.error("mtu-test", "--mtu-test only makes sense with --proto udp");
    }
    if (link->fragment && link->proto.is_tcp()) {
      found.error("fragment", "--fragment can only be used with --proto udp",
                  "remove it: TCP cuts its stream by itself");
    }
    if (link->explicit_exit_notify.value_or(0) > 0 && link->proto.is_tcp()) {
      found.note("explicit-exit-notify", "it is ignored with TCP, whose end is seen anyway");
    }
    if (link->tls_auth.defined() && link->tls_crypt.defined()) {
      found.error("tls-crypt", "--tls-auth and --tls-crypt are mutually exclusive",
                  "keep the one which the other side has");
    }
    check_proxy(*link, found);
    const bool older_wrap = link->tls_auth.defined() || link->tls_crypt.defined();
    if (config.mode != Mode::server && link->tls_crypt_v2.defined() && older_wrap) {
      found.error("tls-crypt-v2",
                  "--tls-crypt-v2, --tls-auth and --tls-crypt are mutually exclusive in a client",
                  "keep the one that the server has given you");
    }
  }
}

void check_data_channel(const Config& config, const Findings& found) {
  const Channel& channel = config.channel;
  const auto offered = [&](const std::string& cipher) {
    return std::ranges::find(channel.data_ciphers, cipher) != channel.data_ciphers.end();
  };
  const bool said = config.said_of("cipher") != nullptr && !config.secret.defined();
  if (said && !offered(channel.cipher) && channel.data_ciphers_fallback != channel.cipher) {
    const std::string cipher = shown(channel.cipher);
    found.warn("cipher",
               "'" + cipher + "' is not in data-ciphers (" + shown(channel.data_ciphers_text) +
                   ") and not negotiated; peers since 2.4 use " + channel.data_ciphers.front(),
               "remove the line; for a peer that cannot negotiate write \"data-ciphers-fallback " +
                   cipher + "\"");
  }
  check_compression(config, found);
}

void check_compression(const Config& config, const Findings& found) {
  const Channel& channel = config.channel;
  using Allow = Channel::AllowCompression;
  const bool forbidden = channel.allow_compression_set && channel.allow_compression == Allow::no;
  if (compresses(channel.compression) && forbidden) {
    found.error("allow-compression",
                "Compression is not allowed since allow-compression is set to 'no'",
                "remove comp-lzo or compress");
  }
  if (channel.allow_compression == Allow::yes) {
    found.warn("allow-compression",
               "what is compressed before it is encrypted may betray what is inside (VORACLE)",
               "write \"allow-compression asym\": then only the peer's packets may be compressed");
    return;
  }
  for (const char* option : {"comp-lzo", "compress"}) {
    if (config.said_of(option) == nullptr) continue;
    found.warn(option,
               (option == std::string_view("compress") ? "compression" : option) +
                   std::string(" is understood for the sake of old peers; what this side sends is "
                               "never compressed. Better remove it on both sides"));
  }
}

}  // namespace adit::options
