#include "base/json.h"
#include "setup/names.h"

namespace adit::setup {

namespace {

using ports::NameServer;
using ports::NameSettings;

Json server_json(const NameServer& server) {
  Json addresses = Json::array();
  for (const ip::Endpoint& at : server.addresses) {
    addresses.push_back({{"address", at.address.text()}, {"port", at.port}});
  }
  return {{"addresses", addresses},
          {"domains", server.domains},
          {"dnssec", server.dnssec},
          {"transport", server.transport},
          {"sni", server.sni}};
}

std::optional<ip::Endpoint> endpoint_of(const Json& json) {
  const auto address = ip::Address::parse(json.at("address").get<std::string>());
  if (!address) return std::nullopt;
  return ip::Endpoint{*address, json.at("port").get<std::uint16_t>(), 0};
}

NameServer server_of(const Json& json) {
  NameServer server;
  for (const Json& one : json.at("addresses")) {
    if (const auto at = endpoint_of(one)) server.addresses.push_back(*at);
  }
  server.domains = json.at("domains").get<std::vector<std::string>>();
  server.dnssec = json.at("dnssec").get<std::string>();
  server.transport = json.at("transport").get<std::string>();
  server.sni = json.at("sni").get<std::string>();
  return server;
}

}  // namespace

std::string render(const NameSettings& settings) {
  Json servers = Json::array();
  for (const NameServer& server : settings.servers) servers.push_back(server_json(server));
  Json variables = Json::array();
  for (const auto& [name, value] : settings.variables) {
    variables.push_back(Json::array({name, value}));
  }
  Json whole{{"device", settings.device},       {"servers", servers},
             {"search", settings.search},       {"only_inside", settings.only_inside},
             {"by_script", settings.by_script}, {"variables", variables}};
  if (settings.outer) {
    whole["outer"] = {{"address", settings.outer->address.text()}, {"port", settings.outer->port}};
  }
  return whole.dump_ascii();
}

Result<NameSettings> parse_name_settings(const std::string& text) {
  NameSettings settings;
  try {
    const Json whole = Json::parse(text);
    settings.device = whole.at("device").get<std::string>();
    for (const Json& one : whole.at("servers")) settings.servers.push_back(server_of(one));
    settings.search = whole.at("search").get<std::vector<std::string>>();
    settings.only_inside = whole.at("only_inside").get<bool>();
    if (whole.contains("outer")) settings.outer = endpoint_of(whole.at("outer"));
    settings.by_script = whole.at("by_script").get<bool>();
    for (const Json& one : whole.at("variables").get<std::vector<Json>>()) {
      settings.variables.emplace_back(one.at(0).get<std::string>(), one.at(1).get<std::string>());
    }
  } catch (const JsonError& error) {
    return fail("these are no DNS settings: {}", error.what());
  }
  return settings;
}

}  // namespace adit::setup
