#pragma once

// What setup changes on a host, in words that fit all of it: things, each of which is in one of
// several states, and wishes for the state they should be in.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/result.h"

namespace adit::setup {

struct Thing {
  enum class Kind : std::uint8_t {
    folder,
    file,
    sysctl,  // of the running kernel; a file in sysctl.d makes it last
    rules,   // an owner's chains in the nft table "adit"
    hook,    // what another firewall was told, by its own tool
    unit,    // of systemd: whether it is enabled and whether it runs
  };

  Kind kind = Kind::file;
  std::string name;  // a path, "net.ipv4.ip_forward", an owner, who the hook is for, a unit
  // Of hooks: programs with their arguments, in this order. present: whether it is there, where
  // that is known; the journal does not remember it.
  std::vector<std::vector<std::string>> put{}, take{};
  std::optional<bool> present{};

  // One thing is one thing, however its state is described.
  [[nodiscard]] bool is(const Thing& other) const {
    return kind == other.kind && name == other.name && put == other.put;
  }
};

// Of a file.
struct Owner {
  unsigned user = 0, group = 0;
  bool operator==(const Owner&) const = default;
};

// text  a file's content, a sysctl's value, a ruleset for nft, or "enabled active" and the like
struct State {
  bool present = false;
  std::string text{};
  unsigned mode = 0;             // of files and folders
  std::optional<Owner> owner{};  // of files; nothing: whoever it is

  bool operator==(const State& other) const {
    return present == other.present && text == other.text && mode == other.mode &&
           (!owner || !other.owner || owner == other.owner);
  }
};

inline State file_state(std::string text, unsigned mode = 0644, std::optional<Owner> owner = {}) {
  return {true, std::move(text), mode, owner};
}
inline State folder_state(unsigned mode = 0755) { return {true, {}, mode}; }
inline State value_state(std::string value) { return {true, std::move(value), 0}; }

struct Wish {
  Thing thing;
  State state;
  bool kept = false;    // stays when the rest is undone: keys, configuration, profiles
  bool secret = false;  // its text is not shown
  bool quiet = false;   // not even that it changes
};

// Something done that has no state to go back to: a certificate issued, a service told to reload.
struct Act {
  std::string said;  // "issue the certificate server"
  std::function<Status()> act;
};

using Wishes = std::vector<std::variant<Wish, Act>>;

Wish wish_file(std::string path, std::string text, unsigned mode = 0644);
Wish wish_kept_file(std::string path, std::string text, unsigned mode = 0644);
Wish wish_sysctl(std::string name, std::string value);
// enabled: started at boot; active: runs now.
Wish wish_unit(std::string unit, bool enabled, bool active);

// "file /etc/sysctl.d/60-adit.conf", "net.ipv4.ip_forward"
[[nodiscard]] std::string name_of(const Thing& thing);

}  // namespace adit::setup
