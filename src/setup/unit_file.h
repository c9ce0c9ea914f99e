#pragma once

#include <string>
#include <vector>

#include "setup/host.h"
#include "setup/thing.h"

namespace adit::setup {

// A systemd unit that runs adit. The package's templates and the units written for other folders
// come from the same text.
struct UnitFile {
  enum class Kind { server, client } kind = Kind::server;
  std::string program = "/usr/sbin/adit";
  std::string dir = "/etc/adit";  // absolute
  // The server's configuration is DIR/NAME.conf, the client's profile DIR/joined/NAME.ovpn. Empty:
  // the instance has the name (a template, or adit-server@NAME.service).
  std::string name{};
  bool firewall = true;  // "adit firewall load" before it and "unload" after it
};

// "adit-server@office.service"; an empty instance: the template's own, "adit-server@.service". The
// instance is escaped as systemd wants it.
[[nodiscard]] std::string unit_name(UnitFile::Kind kind, const std::string& instance);
[[nodiscard]] std::string render_unit(const UnitFile& unit);

// The folder of what a unit of ours runs; empty: its text says none.
[[nodiscard]] std::string folder_of_unit(const std::string& text);
// The same of a unit that was written here; empty: there is no such file.
[[nodiscard]] std::string folder_of_unit_file(Host& host, const std::string& unit);
// Of all servers and clients with a unit here; the package's templates are for /etc/adit.
[[nodiscard]] std::vector<std::string> folders_with_units(Host& host);

// It runs now and at boot. The file is written only where no package has brought a template that
// says the same. unit: its name.
[[nodiscard]] Wishes service_wishes(Host& host, const UnitFile& file, const std::string& unit);

}  // namespace adit::setup
