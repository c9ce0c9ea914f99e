#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "ports/names_port.h"
#include "setup/engine.h"
#include "setup/host.h"

// What the resolver of this host is told while a tunnel stands, remembered in a journal of its own,
// so that it is taken back after a crash too.

namespace adit::setup {

// Who hands names to the programs of this host, best first.
enum class NamesWay : std::uint8_t {
  resolved,    // systemd-resolved, over D-Bus
  resolvconf,  // the program of that name, which makes /etc/resolv.conf of many sources
  file,        // /etc/resolv.conf itself
};
[[nodiscard]] NamesWay find_names_way(Host& host);

struct NamesPlan {
  Wishes wishes;
  std::vector<std::string> notes;  // what cannot be had by that way
  std::string said;                // "systemd-resolved: 10.8.0.1 for all names"
};
// file   the real path of resolv.conf
// before what stood in it before us
[[nodiscard]] NamesPlan plan_names(Host& host, const ports::NameSettings& settings, NamesWay way,
                                   const std::string& file, const State& before);

// Where the journals lie, one for each tunnel, and in them whose it is.
struct NamesPlace {
  std::string folder = "/run/adit/names";
  std::string owner;                      // "tun0-4026531840"
  std::string file = "/etc/resolv.conf";  // the real path
};
// For a device in the network namespace of this process.
[[nodiscard]] NamesPlace names_place(const std::string& device);

// Blocks. In the place of what this owner had set before; all of it or nothing.
[[nodiscard]] Status set_names(Host& host, const NamesPlace& place,
                               const ports::NameSettings& settings, const Progress& progress);
[[nodiscard]] Status clear_names(Host& host, const NamesPlace& place, const Progress& progress);

// Takes back what tunnels of this network namespace have left that nobody looks after any more.
void recover_names(Host& host, const NamesPlace& place,
                   const std::function<bool(const std::string& owner)>& is_alive,
                   const Progress& progress);

// Held by whoever looks after an owner's names, for as long as it lives.
class NamesLock {
 public:
  // False: another process has it. What cannot be locked at all is nobody's.
  [[nodiscard]] bool take(const NamesPlace& place, const std::string& owner);
  [[nodiscard]] static bool is_held(const NamesPlace& place, const std::string& owner);
  ~NamesLock();

 private:
  int fd_ = -1;
  std::string path_;
};

// As JSON and back, for another process.
[[nodiscard]] std::string render(const ports::NameSettings& settings);
[[nodiscard]] Result<ports::NameSettings> parse_name_settings(const std::string& text);

}  // namespace adit::setup
