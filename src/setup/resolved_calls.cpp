#include "setup/resolved_calls.h"

#include <algorithm>
#include <sys/socket.h>

#include "base/text.h"

namespace adit::setup {

namespace {

using Argv = std::vector<std::string>;
using ports::NameServer;
using ports::NameSettings;

constexpr const char* service = "org.freedesktop.resolve1";
constexpr const char* object = "/org/freedesktop/resolve1";
constexpr const char* manager = "org.freedesktop.resolve1.Manager";

Argv busctl(std::string verb) {
  return {"busctl", "--system", "--no-pager", "--auto-start=no", "--timeout=5", std::move(verb),
          service,  object,     manager};
}

Argv call(std::string method, std::string signature, const std::string& index, Argv values) {
  Argv argv = busctl("call");
  for (std::string word : {std::move(method), std::move(signature), index}) {
    argv.push_back(std::move(word));
  }
  std::ranges::move(values, std::back_inserter(argv));
  return argv;
}

// ia(iayqs): family, bytes of the address, port, name for TLS
Argv set_servers(const NameServer& server, const std::string& index) {
  Argv values{std::to_string(server.addresses.size())};
  for (const ip::Endpoint& at : server.addresses) {
    values.push_back(std::to_string(at.address.is_v4() ? AF_INET : AF_INET6));
    const Bytes bytes = at.address.bytes();
    values.push_back(std::to_string(bytes.size()));
    for (const std::uint8_t byte : bytes) values.push_back(std::to_string(byte));
    values.push_back(std::to_string(at.port));
    values.push_back(server.sni);
  }
  return call("SetLinkDNSEx", "ia(iayqs)", index, std::move(values));
}

// ia(sb): the domain, and whether it only says where questions go
Argv set_domains(const NameSettings& settings, const NameServer* server, const std::string& index) {
  Argv values;
  std::size_t count = 0;
  const auto add = [&](const std::string& domain, bool routes_only) {
    values.push_back(domain);
    values.emplace_back(routes_only ? "true" : "false");
    ++count;
  };
  for (const std::string& domain : settings.search) add(domain, false);
  if (server != nullptr) {
    for (const std::string& domain : server->domains) {
      if (std::ranges::find(settings.search, domain) == settings.search.end()) add(domain, true);
    }
    if (server->domains.empty()) add(".", true);
  }
  values.insert(values.begin(), std::to_string(count));
  return call("SetLinkDomains", "ia(sb)", index, std::move(values));
}

std::string_view dnssec_word(const std::string& said) {
  return said == "optional" ? "allow-downgrade" : std::string_view(said);
}

}  // namespace

std::vector<std::string> resolved_is_there() {
  Argv argv = busctl("get-property");
  argv.emplace_back("LLMNRHostname");
  return argv;
}

std::string device_index(Host& host, const std::string& device) {
  auto file = host.read_file("/sys/class/net/" + device + "/ifindex");
  return file && *file ? std::string(trim((*file)->text)) : std::string();
}

Wish wish_resolved(const NameSettings& settings, const NameServer* server,
                   const std::string& index) {
  Wish wish{{Thing::Kind::hook, "systemd-resolved"}, {true, {}, 0}};
  auto& put = wish.thing.put;
  if (server != nullptr) {
    put.push_back(set_servers(*server, index));
    if (!server->dnssec.empty()) {
      put.push_back(call("SetLinkDNSSEC", "is", index, {std::string(dnssec_word(server->dnssec))}));
    }
    if (server->transport == "DoT") put.push_back(call("SetLinkDNSOverTLS", "is", index, {"yes"}));
  }
  put.push_back(set_domains(settings, server, index));
  const bool all = server != nullptr && server->domains.empty();
  put.push_back(call("SetLinkDefaultRoute", "ib", index, {all ? "true" : "false"}));
  wish.thing.take = {call("RevertLink", "i", index, {})};
  return wish;
}

}  // namespace adit::setup
