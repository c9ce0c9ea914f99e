#include "setup/unit_file.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/text.h"

namespace adit::setup {

namespace {

std::string own_unit(const std::string& name) { return "/etc/systemd/system/" + name; }

bool is_plain(char letter) {
  return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
         (letter >= '0' && letter <= '9') || letter == ':' || letter == '_' || letter == '.';
}

// As systemd-escape does it, but "-" stays: %i is used as it stands, and nothing turns it into "/".
std::string escape_instance(const std::string& instance) {
  std::string text;
  for (const char letter : instance) {
    const bool hidden = letter == '.' && text.empty();
    if ((is_plain(letter) && !hidden) || letter == '-') {
      text += letter;
    } else {
      text += fmt::format("\\x{:02x}", static_cast<unsigned char>(letter));
    }
  }
  return text;
}

// systemd replaces what stands behind a percent sign, everywhere.
std::string literal(const std::string& text) {
  std::string safe;
  for (const char letter : text) safe += letter == '%' ? "%%" : std::string(1, letter);
  return safe;
}

std::string without_literal(const std::string& text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    plain += text[i];
    if (text.substr(i, 2) == "%%") ++i;
  }
  return plain;
}

// One word of a command line or of a list of paths. A dollar sign would name a variable.
std::string word(const std::string& text, bool command = true) {
  std::string quoted;
  bool needed = false;
  for (const char letter : text) {
    const bool special = letter == '"' || letter == '\\';
    needed |= special || letter == ' ' || letter == '\t' || letter == '\'' || letter == ';';
    if (special) quoted += '\\';
    if (command && letter == '$') quoted += '$';
    quoted += letter;
  }
  return needed ? '"' + quoted + '"' : quoted;
}

bool lies_in(const std::string& dir, const std::string& folder) {
  return dir == folder || dir.starts_with(folder + "/");
}

// What of the sandbox would hide the folder itself.
std::string private_folders(const std::string& dir) {
  const bool temporary = lies_in(dir, "/tmp") || lies_in(dir, "/var/tmp");
  return fmt::format("PrivateTmp={}\nProtectHome=read-only\n", temporary ? "no" : "yes");
}

// Rights that options of OpenVPN need: tun and routes, low ports, mark, user and group,
// chroot, nice; reading key files of others.
constexpr const char* capabilities =
    "CAP_DAC_OVERRIDE CAP_NET_ADMIN CAP_NET_BIND_SERVICE CAP_NET_RAW CAP_SETGID "
    "CAP_SETPCAP CAP_SETUID CAP_SYS_CHROOT CAP_SYS_NICE CAP_AUDIT_WRITE";

// Everything here holds for the scripts that a configuration names, too.
constexpr const char* sandbox = R"(ProtectSystem=full
ProtectControlGroups=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectClock=yes
ProtectHostname=yes
DevicePolicy=closed
DeviceAllow=/dev/net/tun rw
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
NoNewPrivileges=yes
SystemCallArchitectures=native
SystemCallFilter=~@clock @cpu-emulation @debug @module @obsolete @raw-io @reboot @swap
SystemCallErrorNumber=EPERM
)";

// One word for a shell.
std::string shell_word(const std::string& text) {
  std::string quoted = "'";
  for (const char letter : text) quoted += letter == '\'' ? "'\\''" : std::string(1, letter);
  return quoted + "'";
}

// Only what adit has set up has rules: a configuration that somebody put there by hand starts
// without, and does not take away another's.
std::string firewall_line(const UnitFile& unit, const char* verb, const std::string& name) {
  const bool server = unit.kind == UnitFile::Kind::server;
  const std::string dir = literal(unit.dir);
  const std::string journal = dir + (server ? "/state/up.json" : "/state/join-" + name + ".json");
  std::string script = "[ ! -e " + shell_word(journal) + " ] || ";
  if (server && unit.name.empty()) script = "[ '%i' != server ] || " + script;
  script += fmt::format("exec {} firewall {} --dir {}", shell_word(literal(unit.program)), verb,
                        shell_word(dir));
  if (!server) script += " --join " + shell_word(name);
  return "/bin/sh -c " + word(script);
}

std::string unit_section(const UnitFile& unit, const std::string& name) {
  const bool server = unit.kind == UnitFile::Kind::server;
  return fmt::format(
      "[Unit]\n"
      "Description=adit {}, {}\n"
      "Documentation=man:adit(8)\n"
      "Wants=network-online.target\n"
      "After=network-online.target nftables.service ufw.service firewalld.service docker.service\n"
      "StartLimitIntervalSec=0\n\n",
      server ? "VPN server" : "VPN client", name);
}

std::string service_section(const UnitFile& unit, const std::string& name) {
  const bool server = unit.kind == UnitFile::Kind::server;
  const std::string folder = server ? unit.dir : unit.dir + "/joined";
  std::string text = "[Service]\nType=notify\n";
  text += fmt::format("WorkingDirectory={}\n", literal(folder));
  // Rules are others' business as well: their tools run outside of the sandbox.
  if (unit.firewall) {
    text += fmt::format("ExecStartPre=+{}\n", firewall_line(unit, "load", name));
    text += fmt::format("ExecStopPost=+{}\n", firewall_line(unit, "unload", name));
  }
  text +=
      fmt::format("ExecStart={} --suppress-timestamps {}--config {}\n", word(literal(unit.program)),
                  server ? "" : "--nobind ", word(name + (server ? ".conf" : ".ovpn")));
  if (server) {
    text += fmt::format("ExecReload={} reload $MAINPID\n", word(literal(unit.program)));
  }
  text +=
      "WatchdogSec=30s\nRestart=on-failure\nRestartSec=5s\nKillMode=mixed\nTimeoutStopSec=20s\n";
  text += "LimitNOFILE=65536\n";
  text += fmt::format("CapabilityBoundingSet={}\n", capabilities);
  text += private_folders(unit.dir);
  text += fmt::format("ReadWritePaths=-{}\n", word(literal(unit.dir), false));
  return text + sandbox;
}

bool has_template(Host& host, const UnitFile& file) {
  if (file.dir != UnitFile{}.dir) return false;
  const std::string name = unit_name(file.kind, "");
  return std::ranges::any_of(std::array{"/usr/lib/systemd/system/", "/lib/systemd/system/"},
                             [&](const char* folder) {
                               const auto found = host.read_file(folder + name);
                               return found && *found;
                             });
}

}  // namespace

std::string unit_name(UnitFile::Kind kind, const std::string& instance) {
  return fmt::format("adit-{}@{}.service", kind == UnitFile::Kind::server ? "server" : "client",
                     escape_instance(instance));
}

std::string render_unit(const UnitFile& unit) {
  const std::string name = unit.name.empty() ? "%i" : literal(unit.name);
  return unit_section(unit, name) + service_section(unit, name) +
         "\n[Install]\nWantedBy=multi-user.target\n";
}

std::string folder_of_unit(const std::string& text) {
  constexpr std::string_view key = "WorkingDirectory=", joined = "/joined";
  for (const std::string_view line : lines(text)) {
    if (!line.starts_with(key)) continue;
    std::string folder = without_literal(std::string(line.substr(key.size())));
    const bool client =
        folder.ends_with(joined) && text.find("\nDescription=adit VPN client") != std::string::npos;
    if (client) folder.resize(folder.size() - joined.size());
    return folder;
  }
  return {};
}

std::string folder_of_unit_file(Host& host, const std::string& unit) {
  const auto file = host.read_file(own_unit(unit));
  return file && *file ? folder_of_unit((*file)->text) : std::string();
}

std::vector<std::string> folders_with_units(Host& host) {
  std::vector<std::string> folders{UnitFile{}.dir};
  for (const std::string& name : host.files_in("/etc/systemd/system")) {
    if (!name.starts_with("adit-server@") && !name.starts_with("adit-client@")) continue;
    std::string folder = folder_of_unit_file(host, name);
    const bool known = folder.empty() || std::ranges::find(folders, folder) != folders.end();
    if (!known) folders.push_back(std::move(folder));
  }
  return folders;
}

Wishes service_wishes(Host& host, const UnitFile& file, const std::string& unit) {
  Wishes wishes;
  if (!has_template(host, file)) {
    wishes.emplace_back(wish_file(own_unit(unit), render_unit(file)));
  }
  wishes.emplace_back(wish_unit(unit, true, true));
  return wishes;
}

}  // namespace adit::setup
