#include "node/environment.h"

#include <algorithm>
#include <ctime>
#include <map>

#include <fmt/core.h>

#include "base/text.h"
#include "options/dns_address.h"

namespace adit::node {

void Environment::set(std::string name, std::string value) {
  const auto known =
      std::ranges::find(variables_, name, &std::pair<std::string, std::string>::first);
  if (known != variables_.end()) {
    known->second = std::move(value);
  } else {
    variables_.emplace_back(std::move(name), std::move(value));
  }
}

void Environment::merge(const Environment& other) {
  for (const auto& [name, value] : other.variables_) set(name, value);
}

void Environment::forget(std::string_view beginning) {
  std::erase_if(variables_, [&](const auto& one) { return one.first.starts_with(beginning); });
}

std::string proto_name(const options::Proto& proto) {
  std::string name = proto.is_tcp() ? "tcp" : "udp";
  if (proto.family) name += proto.family == ip::Family::v6 ? "6" : "4";
  if (proto.transport == options::Transport::tcp_server) name += "-server";
  if (proto.transport == options::Transport::tcp_client) name += "-client";
  return name;
}

namespace {

void set_connection(Environment& env, const options::Connection& connection, std::size_t n) {
  const std::string suffix = "_" + std::to_string(n);
  env.set("proto" + suffix, proto_name(connection.proto));
  if (!connection.remote.empty()) env.set("remote" + suffix, connection.remote);
  env.set("remote_port" + suffix, connection.remote_port);
  if (!connection.local.empty()) env.set("local" + suffix, connection.local);
  if (connection.local_port) env.set("local_port" + suffix, *connection.local_port);
  if (const auto& proxy = connection.http_proxy; proxy && proxy->defined()) {
    env.set("http_proxy_server" + suffix, proxy->host);
    env.set("http_proxy_port" + suffix, proxy->port);
  }
  if (const auto& proxy = connection.socks_proxy) {
    env.set("socks_proxy_server" + suffix, proxy->host);
    env.set("socks_proxy_port" + suffix, proxy->port);
  }
}

// Of a server with several sockets.
void set_listen(Environment& env, const options::Listen& listen, std::size_t n) {
  const std::string suffix = "_" + std::to_string(n);
  env.set("proto" + suffix, proto_name(listen.proto));
  if (!listen.host.empty()) env.set("local" + suffix, listen.host);
  env.set("local_port" + suffix, listen.port);
}

}  // namespace

Environment common_environment(const options::Config& config, const ProcessFacts& process) {
  Environment env;
  if (!config.source.empty()) env.set("config", config.source);
  env.set("verb", std::to_string(config.logging.verb));
  env.set("daemon", config.process.daemon ? "1" : "0");
  env.set("daemon_log_redirect", config.logging.file.empty() ? "0" : "1");
  env.set("daemon_start_time", std::to_string(process.started.seconds));
  env.set("daemon_pid", std::to_string(process.daemon_pid));
  env.set("dev_type", config.device.is_tap() ? "tap" : "tun");
  std::size_t n = 1;
  for (const options::Connection& connection : config.remotes.list) {
    set_connection(env, connection, n++);
  }
  if (config.remotes.list.empty()) set_connection(env, config.connection, 1);
  std::size_t at = 1;
  for (const options::Listen& listen : config.remotes.listens) set_listen(env, listen, at++);
  for (const auto& [name, value] : config.scripts.variables) env.set(name, value);
  return env;
}

Environment interface_environment(const InterfaceFacts& facts) {
  Environment env;
  env.set("dev", facts.device);
  env.set("tun_mtu", std::to_string(facts.mtu));
  if (!facts.local.empty()) {
    env.set("ifconfig_local", facts.local);
    env.set(facts.netmask ? "ifconfig_netmask" : "ifconfig_remote", facts.remote_or_netmask);
  }
  if (!facts.local6.empty()) {
    env.set("ifconfig_ipv6_local", facts.local6);
    env.set("ifconfig_ipv6_netbits", std::to_string(facts.bits6));
    env.set("ifconfig_ipv6_remote", facts.remote6);
  }
  return env;
}

namespace {

constexpr std::string_view dhcp = "dhcp-option ";

bool is_about(std::string_view foreign_option, std::initializer_list<std::string_view> types) {
  const auto words = split(foreign_option, ' ');
  return words.size() > 1 && std::ranges::find(types, words[1]) != types.end();
}

// What the dns options say, lowest server number first.
class Dns {
 public:
  explicit Dns(const std::vector<std::vector<std::string>>& lines) {
    for (const auto& words : lines) {
      if (words.size() >= 2 && words[0] == "search-domains") {
        domains_.insert(domains_.end(), words.begin() + 1, words.end());
      } else if (words.size() >= 4 && words[0] == "server") {
        auto& values = servers_[to_number<int>(words[1]).value_or(0)][words[2]];
        values.insert(values.end(), words.begin() + 3, words.end());
      }
    }
  }

  void set_variables(Environment& env) const {
    set_all(env, "dns_search_domain_", domains_);
    std::size_t n = 1;
    for (const auto& [priority, server] : servers_) {
      const std::string prefix = fmt::format("dns_server_{}_", n++);
      for (const auto& [kind, values] : server) {
        if (kind == "address") {
          set_addresses(env, prefix, values);
        } else if (kind == "resolve-domains") {
          set_all(env, prefix + "resolve_domain_", values);
        } else {
          env.set(prefix + kind, values.front());
        }
      }
    }
  }

  // For scripts that only know dhcp-option: all servers that speak plain DNS, whatever their port,
  // and the domains. source: stock 2.6.14
  [[nodiscard]] std::vector<std::string> as_foreign_options(
      std::vector<std::string> options) const {
    std::vector<std::string> servers;
    for (const auto& [number, server] : servers_) {
      if (!server.contains("address") || server.contains("transport")) continue;
      for (const std::string& text : server.at("address")) {
        const auto at = options::parse_dns_address(text);
        if (!at) continue;
        const char* const kind = at->address.is_v6() ? "DNS6" : "DNS";
        servers.push_back(fmt::format("{}{} {}", dhcp, kind, at->address.text()));
      }
    }
    if (!servers.empty()) {
      std::erase_if(options, [](const auto& option) { return is_about(option, {"DNS", "DNS6"}); });
      options.insert(options.end(), servers.begin(), servers.end());
    }
    if (!domains_.empty()) {
      std::erase_if(options,
                    [](const auto& option) { return is_about(option, {"DOMAIN-SEARCH"}); });
    }
    for (const std::string& domain : domains_) {
      options.push_back(fmt::format("{}DOMAIN-SEARCH {}", dhcp, domain));
    }
    return options;
  }

 private:
  using Values = std::vector<std::string>;

  static void set_addresses(Environment& env, const std::string& prefix, const Values& values) {
    std::size_t n = 1;
    for (const std::string& value : values) {
      const auto at = options::parse_dns_address(value);
      if (!at) continue;
      env.set(fmt::format("{}address_{}", prefix, n), at->address.text());
      if (at->port != 0) env.set(fmt::format("{}port_{}", prefix, n), std::to_string(at->port));
      ++n;
    }
  }

  static void set_all(Environment& env, const std::string& prefix, const Values& values) {
    std::size_t n = 1;
    for (const std::string& value : values) env.set(prefix + std::to_string(n++), value);
  }

  std::map<int, std::map<std::string, Values>> servers_;
  Values domains_;
};

}  // namespace

Environment foreign_environment(const options::Scripts& scripts) {
  Environment env;
  const Dns dns(scripts.dns);
  std::size_t n = 1;
  for (const std::string& option : dns.as_foreign_options(scripts.foreign_options)) {
    env.set("foreign_option_" + std::to_string(n++), option);
  }
  dns.set_variables(env);
  return env;
}

Environment identity_environment(const tls::PeerIdentity& identity) {
  Environment env;
  for (const tls::ChainEntry& entry : identity.chain) {
    const std::string depth = std::to_string(entry.depth);
    env.set("tls_id_" + depth, entry.subject);
    env.set("tls_serial_" + depth, entry.serial);
    env.set("tls_serial_hex_" + depth, entry.serial_hex);
    env.set("tls_digest_" + depth, entry.sha1);
    env.set("tls_digest_sha256_" + depth, entry.sha256);
    for (const auto& [field, value] : entry.fields) {
      env.set("X509_" + depth + "_" + field, printable(value));
    }
  }
  return env;
}

Environment peer_info_environment(const wire::PeerInfo& info) {
  Environment env;
  for (const auto& [name, value] : info.lines()) {
    if (auto clean = wire::exportable_value(name, value)) env.set(name, std::move(*clean));
  }
  return env;
}

void set_peer_address(Environment& env, std::string_view prefix, const ip::Endpoint& address) {
  env.set(fmt::format("{}_ip{}", prefix, address.address.is_v6() ? "6" : ""),
          address.address.text());
  env.set(fmt::format("{}_port", prefix), std::to_string(address.port));
}

std::string local_time_text(WallTime at) {
  const auto seconds = static_cast<std::time_t>(at.seconds);
  std::tm parts{};
  localtime_r(&seconds, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &parts);
  return text;
}

}  // namespace adit::node
