#include <algorithm>
#include <array>

#include "options/pages.h"
#include "options/reader.h"
#include "options/setters.h"

namespace adit::options {

namespace {

constexpr std::int64_t most_exit_status = 125;  // above are those of shells

void include(Use& use) { use.reader().include(use.word(0), use); }

void change_directory(Use& use) {
  std::string& cd = use.config().process.cd;
  cd = cd.empty() || use.word(0).starts_with('/') ? use.word(0) : cd + '/' + use.word(0);
}

void daemon(Use& use) {
  Process& process = use.config().process;
  process.daemon = true;
  if (use.has(0)) process.daemon_name = use.word(0);
}

void remap_usr1(Use& use) {
  using Usr1 = Process::Usr1;
  use.choice<Usr1>(0, use.config().process.remap_usr1,
                   {{"SIGHUP", Usr1::sighup}, {"SIGTERM", Usr1::sigterm}});
}

bool is_of_a_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// What no name can have is left out of it. source: stock 2.6.14
void add_variable(Use& use, const std::string& prefix) {
  std::string name = use.word(0);
  std::erase_if(name, [](char c) { return !is_of_a_name(c); });
  const std::string complaint = '"' + shown(use.word(0)) + "\" cannot be the name of a variable";
  if (name.empty()) return use.warn(complaint + "; none is set", "use letters, digits and _");
  name.insert(0, prefix);
  if (name != prefix + use.word(0)) {
    use.warn(complaint + "; scripts see it as " + name, "use letters, digits and _");
  }
  use.scripts().variables.emplace_back(std::move(name), use.word(1));
}

// AUTH_FAILED_STATUS is ours: to stock it is a variable like others, so that the file stays good
// for both.
void setenv(Use& use) {
  const std::string& name = use.word(0);
  if (name == "FORWARD_COMPATIBLE") {
    if (use.word(1) == "1") use.reader().tolerate_everything();
  } else if (name == "GENERIC_CONFIG") {
    use.error("this is a generic configuration and cannot directly be used",
              "ask whoever gave it to you for your own, or remove the line");
  } else if (name == "PUSH_PEER_INFO") {
    use.config().client.push_peer_info = true;
  } else if (name == "REMOTE_RANDOM_HOSTNAME" && use.count() == 1) {
    use.config().remotes.random_hostname = true;
  } else if (name == "AUTH_FAILED_STATUS") {
    use.number(1, use.config().client.auth_failed_status, 0, most_exit_status);
  } else if (name == "SERVER_POLL_TIMEOUT") {
    set_poll_timeout(use, 1);
  } else {
    add_variable(use, "");
  }
}

void setenv_safe(Use& use) { add_variable(use, "OPENVPN_"); }

void ignore_unknown_option(Use& use) {
  for (const std::string& word : use.words()) {
    use.reader().tolerate(word.starts_with("--") ? word.substr(2) : word);
  }
}

// clang-format off
constexpr std::array process_rows{
    Row{.name = "config", .args = {1, 1, "file|stdin"}, .where = where::anywhere | where::profile,
        .change = Change::nothing,
        .help = "Include configuration file (depth 10).", .apply = include},
    Row{.name = "cd", .args = {1, 1, "dir"},
        .help = "Change directory at once, before later options' files.",
        .apply = change_directory},
    Row{.name = "daemon", .args = {0, 1, "[progname]"},
        .help = "Become daemon after init, log to syslog.", .apply = daemon},
    Row{.name = "writepid", .args = {1, 1, "file"}, .help = "Write PID.",
        .apply = set_text<&Config::process, &Process::write_pid>},
    Row{.name = "user", .args = {1, 1, "name"},
        .help = "Drop privileges after init; 2.6 keeps CAP_NET_ADMIN when DCO/sitnl needs.",
        .apply = set_text<&Config::process, &Process::user>},
    Row{.name = "group", .args = {1, 1, "name"}, .help = "Drop to group after init.",
        .apply = set_text<&Config::process, &Process::group>},
    Row{.name = "chroot", .args = {1, 1, "dir"},
        .help = "Chroot after initialisation.",
        .apply = set_text<&Config::process, &Process::chroot>},
    Row{.name = "setcon", .args = {1, 1, "ctx"}, .where = where::nowhere, .state = State::refused,
        .note = "SELinux contexts are not set here; use a policy or the SELinuxContext= of the "
         "service",
        .help = "SELinux context."},
    Row{.name = "nice", .args = {1, 1, "n"}, .help = "Process niceness.",
        .apply = set_number<&Config::process, &Process::nice, -20, 19>},
    Row{.name = "mlock",
        .help = "Lock memory; 2.6 raises RLIMIT to 100 MB.",
        .apply = set_flag<&Config::process, &Process::mlock>},
    Row{.name = "remap-usr1", .args = {1, 1, "SIGHUP|SIGTERM"},
        .help = "Turn SIGUSR1 into another signal.", .apply = remap_usr1},
    Row{.name = "tmp-dir", .args = {1, 1, "dir"}, .change = Change::now, .help = "Temp files.",
        .apply = set_text<&Config::scripts, &Scripts::tmp_dir>},
    Row{.name = "setenv", .args = {1, 2, "name [value] | opt option..."},
        .change = Change::now,
        .help = "Env var for scripts; special names opt, FORWARD_COMPATIBLE, PUSH_PEER_INFO, "
         "GENERIC_CONFIG, SERVER_POLL_TIMEOUT, UV_*, AUTH_FAILED_STATUS (exit status of a client "
         "that the server refuses, 0 if unsaid).",
        .apply = setenv},
    Row{.name = "setenv-safe", .args = {1, 2, "name [value]"},
        .where = where::anywhere | where::pushed, .change = Change::now,
        .help = "Env var OPENVPN_name; pushable.", .apply = setenv_safe},
    Row{.name = "ignore-unknown-option", .args = {1, many, "opt..."}, .change = Change::nothing,
        .help = "Warn instead of failing on listed unknown options.",
        .apply = ignore_unknown_option},
};
// clang-format on

}  // namespace

Page process_page() { return {"The process", process_rows}; }

}  // namespace adit::options
