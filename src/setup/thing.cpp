#include "setup/thing.h"

namespace adit::setup {

Wish wish_file(std::string path, std::string text, unsigned mode) {
  return {{Thing::Kind::file, std::move(path)}, file_state(std::move(text), mode)};
}

Wish wish_kept_file(std::string path, std::string text, unsigned mode) {
  Wish wish = wish_file(std::move(path), std::move(text), mode);
  wish.kept = true;
  return wish;
}

Wish wish_sysctl(std::string name, std::string value) {
  return {{Thing::Kind::sysctl, std::move(name)}, value_state(std::move(value))};
}

Wish wish_unit(std::string unit, bool enabled, bool active) {
  std::string text = enabled ? "enabled" : "disabled";
  text += active ? " active" : " inactive";
  return {{Thing::Kind::unit, std::move(unit)}, value_state(std::move(text))};
}

std::string name_of(const Thing& thing) {
  switch (thing.kind) {
    case Thing::Kind::folder:
      return "folder " + thing.name;
    case Thing::Kind::file:
      return "file " + thing.name;
    case Thing::Kind::sysctl:
      return thing.name;
    case Thing::Kind::rules:
      return "firewall rules of " + thing.name;
    case Thing::Kind::hook:
      return "rule for " + thing.name;
    case Thing::Kind::unit:
      return "service " + thing.name;
  }
  return thing.name;
}

}  // namespace adit::setup
