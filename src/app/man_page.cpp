#include "app/man_page.h"

#include <fmt/core.h>

#include "base/text.h"
#include "options/table.h"

namespace adit::app {

namespace {

// As roff reads it: no hyphen that a search would miss, no request by accident.
std::string roff(std::string_view text) {
  std::string out;
  for (const char letter : text) {
    const bool at_start = out.empty() || out.back() == '\n';
    if (at_start && (letter == '.' || letter == '\'')) out += "\\&";
    if (letter == '-') {
      out += "\\-";
    } else if (letter == '\\') {
      out += "\\e";
    } else {
      out += letter;
    }
  }
  return out;
}

std::string header(const std::string& name, const std::string& what) {
  std::string title = to_upper(name);
  return fmt::format(".TH {} 8 \"\" \"adit {}\" \"System administration\"\n.SH NAME\n{} \\- {}\n",
                     roff(title), ADIT_VERSION, roff(name), roff(what));
}

std::string argument(const CommandNode::Option& option) {
  if (option.argument.empty()) return {};
  const std::string text = "\\fI" + roff(option.argument) + "\\fR";
  return option.optional_argument ? " [" + text + "]" : " " + text;
}

// "adit pki init [OPTION]... NAME"
std::string synopsis(const CommandNode& node, const std::string& path) {
  std::string line = "\\fB" + roff(path) + "\\fR";
  if (!node.options.empty()) line += " [\\fIOPTION\\fR]...";
  for (const CommandNode::Option& one : node.positionals) {
    const std::string name = "\\fI" + roff(one.names.front()) + "\\fR";
    line += one.required ? " " + name : " [" + name + "]";
  }
  if (!node.commands.empty()) line += " \\fICOMMAND\\fR";
  return line;
}

std::string option_entry(const CommandNode::Option& option) {
  std::vector<std::string> names;
  for (const std::string& name : option.names) names.push_back("\\fB" + roff(name) + "\\fR");
  std::string text = ".TP\n" + join(names, ", ") + argument(option) + "\n";
  text += option.what.empty() ? "\\&" : roff(option.what);
  if (!option.preset.empty()) text += " (" + roff(option.preset) + " if not given)";
  return text + "\n";
}

std::string positional_entry(const CommandNode::Option& option) {
  return fmt::format(".TP\n\\fI{}\\fR\n{}\n", roff(option.names.front()),
                     option.what.empty() ? "\\&" : roff(option.what));
}

std::string entries(const CommandNode& node) {
  std::string text;
  for (const CommandNode::Option& one : node.positionals) text += positional_entry(one);
  for (const CommandNode::Option& one : node.options) text += option_entry(one);
  return text;
}

void add_commands(const CommandNode& node, const std::string& path, std::string& text) {
  for (const CommandNode& command : node.commands) {
    const std::string own = path + " " + command.name;
    text +=
        fmt::format(".SS {}\n{}\n.PP\n{}\n", roff(own), synopsis(command, own), roff(command.what));
    text += entries(command);
    add_commands(command, own, text);
  }
}

// One family: "adit pki" and everything below it.
ManPage family_page(const CommandNode& node) {
  const std::string path = "adit " + node.name, name = "adit-" + node.name;
  std::string text = header(name, node.what);
  text += ".SH SYNOPSIS\n" + synopsis(node, path) + "\n";
  text += ".SH DESCRIPTION\n" + roff(node.what) + ".\n";
  if (const std::string own = entries(node); !own.empty()) text += ".SH OPTIONS\n" + own;
  if (!node.commands.empty()) {
    text += ".SH COMMANDS\n";
    add_commands(node, path, text);
  }
  text += ".SH EXIT STATUS\n";
  text += node.footer.empty()
              ? "0 when it was done; another status, with one line that says why, when not."
              : roff(node.footer);
  text += "\n";
  text += ".SH SEE ALSO\n.BR adit (8)\n";
  return {name + ".8", text};
}

std::string option_note(const options::Row& row) {
  switch (row.state) {
    case options::State::implemented:
      return {};
    case options::State::accepted:
      return " Accepted, without effect: " + std::string(row.note) + ".";
    case options::State::refused:
      break;
  }
  return " Refused: " + std::string(row.note) + ".";
}

std::string option_sections() {
  std::string text =
      ".SH OPTIONS OF OPENVPN\nIn a file the same words stand without the leading "
      "dashes, one option a line.\n";
  for (const options::Page& page : options::pages()) {
    text += ".SS " + roff(page.title) + "\n";
    for (const options::Row& row : page.rows) {
      text += fmt::format(".TP\n\\fB{}\\fR\n{}\n", roff(options::usage(row)),
                          roff(std::string(row.help) + option_note(row)));
    }
  }
  return text;
}

std::string fixed_sections() {
  std::string text = R"(.SH SERVICES
.TP
.BI adit-server@ NAME .service
runs /etc/adit/\fINAME\fR.conf
.TP
.BI adit-client@ NAME .service
runs /etc/adit/joined/\fINAME\fR.ovpn
.PP
Both tell systemd when they are ready and that they live (WatchdogSec=), and run in a sandbox that also
holds for the scripts that a configuration names: no files outside of their folder, /run, /var and /tmp
can be written, no privileges gained (sudo). What a script needs beyond is added with
.BR "systemctl edit" ,
for example \(lqNoNewPrivileges=no\(rq.
.PP
While it runs, changed files of certificates, keys and revocation lists are taken up within a second or
two; sessions go on, and end at once where their certificate is revoked. A revocation list in a folder
made by
.BR adit-pki (8)
is renewed before it runs out. Dates are warned of 60, 30 and 7 days before.
.SH FILES
.TP
.I /etc/adit
configurations, certificates, profiles, and what was changed on this host
.TP
.I /run/adit/PID.sock
where an instance tells of itself (\fBadit status\fR)
.TP
.I /run/adit/PID.control
where a server is asked to take up its changed configuration (\fBadit reload\fR); root may, and who
started it
.SH SIGNALS
.TP
.B SIGTERM, SIGINT
end in order
.TP
.B SIGHUP
read the configuration again and begin anew: clients reconnect
(\fBadit reload\fR drops nobody)
.TP
.B SIGUSR1
begin anew with the configuration as it was read
.TP
.B SIGUSR2
write the status
.SH ENVIRONMENT
.TP
.B ADIT_STATUS_DIR
another folder than /run/adit
.TP
.B NOTIFY_SOCKET, WATCHDOG_USEC
as
.BR sd_notify (3)
has them
.SH EXIT STATUS
0 after an end in order, 1 when the start or the run failed.
)";
  return text;
}

ManPage main_page(const CommandNode& root) {
  std::string text = header("adit", "OpenVPN-compatible VPN server and client");
  text +=
      ".SH SYNOPSIS\n\\fBadit\\fR \\fIFILE\\fR\n.br\n\\fBadit\\fR \\fB\\-\\-config\\fR "
      "\\fIFILE\\fR [\\fB\\-\\-OPTION\\fR [\\fIARGUMENT\\fR]...]...\n.br\n\\fBadit\\fR "
      "\\fICOMMAND\\fR ...\n";
  text += ".SH DESCRIPTION\n" + roff(root.what) + "\n.SH COMMANDS\n";
  std::string also;
  for (const CommandNode& command : root.commands) {
    text += fmt::format(".TP\n.BR adit\\-{} (8)\n{}\n", roff(command.name), roff(command.what));
    also += fmt::format(".BR adit\\-{} (8),\n", roff(command.name));
  }
  text += fixed_sections() + option_sections();
  text += ".SH SEE ALSO\n" + also + ".BR openvpn (8)\n";
  return {"adit.8", text};
}

}  // namespace

std::vector<ManPage> man_pages(const CommandNode& root) {
  std::vector<ManPage> pages{main_page(root)};
  for (const CommandNode& command : root.commands) pages.push_back(family_page(command));
  return pages;
}

}  // namespace adit::app
