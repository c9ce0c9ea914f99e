#include <algorithm>

#include "base/json.h"
#include "setup/own_files.h"
#include "setup/sites.h"

namespace adit::setup {

namespace {

std::string seen_text(const Site& site) {
  std::string text = texts(site.seen);
  for (const NamedMap& map : site.maps) {
    text += fmt::format(" ({} there)", map.map.real.text());
  }
  return text;
}

Json prefixes_json(const std::vector<ip::Prefix>& prefixes) {
  Json all = Json::array();
  for (const ip::Prefix& one : prefixes) all.push_back(one.text());
  return all;
}

Json site_json(const Site& site) {
  Json maps = Json::array();
  for (const NamedMap& map : site.maps) {
    maps.push_back({{"real", map.map.real.text()}, {"shown", map.map.shown.text()}});
  }
  return {{"name", site.name},
          {"address", site.fixed ? Json(site.fixed->text()) : Json(nullptr)},
          {"networks", prefixes_json(site.seen)},
          {"maps", maps},
          {"denied", prefixes_json(site.denied)}};
}

}  // namespace

std::string render_table(const std::vector<Site>& sites) {
  if (sites.empty()) return "no sites\n";
  std::size_t width = 4;
  for (const Site& site : sites) width = std::max(width, site.name.size());
  std::string text = fmt::format("{:<{}}  {:<15}  networks\n", "site", width, "address");
  for (const Site& site : sites) {
    text += fmt::format("{:<{}}  {:<15}  {}\n", site.name, width,
                        site.fixed ? site.fixed->text() : "from the pool", seen_text(site));
    if (!site.denied.empty()) {
      text += fmt::format("{:<{}}  {:<15}  not for {}\n", "", width, "", texts(site.denied));
    }
  }
  return text;
}

std::string render_json(const std::vector<Site>& sites) {
  Json all = Json::array();
  for (const Site& site : sites) all.push_back(site_json(site));
  return all.dump(json_indent) + "\n";
}

}  // namespace adit::setup
