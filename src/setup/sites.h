#pragma once

// Networks behind clients: what "adit site" writes.

#include "setup/preflight.h"
#include "setup/up.h"

namespace adit::setup {

struct SiteRequest {
  std::string name;
  std::vector<ip::Prefix> lans;  // as they are there
  std::vector<ip::Prefix>
      shown;  // --map: as the tunnel sees them, one for each; empty: as they are
  std::vector<std::string> deny;  // networks, or names of clients and sites, that may not reach it
  std::optional<ip::Address> fixed{};
};

// The changed configuration and client file. Errors: networks that overlap, both named; an address
// that cannot be had; a name in deny that nobody has.
[[nodiscard]] Result<Edit> edit_for_site(Host& host, const std::string& dir,
                                         const SiteRequest& request);
// The client stays and keeps its address. Error: there is no such site.
[[nodiscard]] Result<Edit> edit_without_site(Host& host, const std::string& dir,
                                             const std::string& name);

struct Site {
  std::string name;
  std::optional<ip::Address> fixed;
  std::vector<ip::Prefix> seen;  // in the tunnel
  std::vector<NamedMap> maps;
  std::vector<ip::Prefix> denied;  // who may not reach it
};
[[nodiscard]] std::vector<Site> sites_of(const ServerFacts& facts);

// For a gateway that runs another OpenVPN: one nft transaction that translates. Nothing without
// maps.
[[nodiscard]] Result<std::optional<std::string>> gateway_rules(const Site& site);

[[nodiscard]] std::string render_table(const std::vector<Site>& sites);
[[nodiscard]] std::string render_json(const std::vector<Site>& sites);

}  // namespace adit::setup
