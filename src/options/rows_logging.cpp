#include <array>

#include "options/pages.h"
#include "options/setters.h"

namespace adit::options {

namespace {

constexpr std::int64_t most_verbose = 11;

void verb(Use& use) {
  auto level = use.integer(0);
  if (!level) return;
  if (*level > most_verbose) {
    level = most_verbose;
    use.warn("the largest verbosity is 11");
  }
  if (use.is_pushed()) {
    use.pulled().verb = static_cast<int>(*level);
  } else {
    use.config().logging.verb = static_cast<int>(*level);
  }
}

void mute(Use& use) {
  if (use.is_pushed()) {
    use.number(0, use.pulled().mute);
  } else {
    use.number(0, use.config().logging.mute);
  }
}

void log_to(Use& use, bool append) {
  use.config().logging.file = use.word(0);
  use.config().logging.append = append;
}

void log(Use& use) { log_to(use, false); }
void log_append(Use& use) { log_to(use, true); }

void syslog(Use& use) {
  Logging& logging = use.config().logging;
  logging.syslog = true;
  if (use.has(0)) logging.syslog_name = use.word(0);
}

void errors_to_stderr(Use& use) {
  (use.is_pushed() ? use.pulled().errors_to_stderr : use.config().logging.errors_to_stderr) = true;
}

void status(Use& use) {
  Logging& logging = use.config().logging;
  logging.status_file = use.word(0);
  if (use.has(1)) use.seconds(1, logging.status_interval);
}

void echo(Use& use) {
  if (!use.in_profile()) use.scripts().echoes.push_back(join(use.words(), " "));
}

// clang-format off
constexpr std::array logging_rows{
    Row{.name = "verb", .args = {1, 1, "0..11"}, .where = where::anywhere | where::pushed,
        .change = Change::now, .help = "Log verbosity.", .apply = verb},
    Row{.name = "mute", .args = {1, 1, "n"}, .where = where::anywhere | where::pushed,
        .change = Change::now, .help = "Suppress more than n consecutive similar messages.",
        .apply = mute},
    Row{.name = "log", .args = {1, 1, "file"},
        .help = "Log to file, emptied at each start (log-append keeps it).", .apply = log},
    Row{.name = "log-append", .args = {1, 1, "file"},
        .help = "Log to file (append).", .apply = log_append},
    Row{.name = "syslog", .args = {0, 1, "[progname]"},
        .help = "Log to syslog.", .apply = syslog},
    Row{.name = "suppress-timestamps", .change = Change::now,
        .help = "No timestamps in stdout/file logs.",
        .apply = set_flag<&Config::logging, &Logging::suppress_timestamps>},
    Row{.name = "machine-readable-output", .change = Change::now,
        .help = "Prefix lines with epoch.usec and hex flags.",
        .apply = set_flag<&Config::logging, &Logging::machine_readable>},
    Row{.name = "errors-to-stderr", .where = where::anywhere | where::pushed,
        .change = Change::now, .help = "Log to stderr instead of stdout.",
        .apply = errors_to_stderr},
    Row{.name = "status", .args = {1, 2, "file [sec]"}, .change = Change::now,
        .help = "Write status file, every sec seconds (60): \"status FILE 10\" is fresher.",
        .apply = status},
    Row{.name = "status-version", .args = {1, 1, "1..3"}, .change = Change::now,
        .help = "Status file format.",
        .apply = set_number<&Config::logging, &Logging::status_version, 1, 3>},
    Row{.name = "echo", .args = {0, many, "args..."},
        .where = where::anywhere | where::pushed | where::profile,
        .help = "Send text to management >ECHO and log msg*.", .apply = echo},
    Row{.name = "parameter", .args = {0, many, "args"},
        .where = where::anywhere | where::pushed | where::profile,
        .help = "Alias of echo.", .apply = echo},
    Row{.name = "memstats", .args = {1, 1, "file"}, .state = State::accepted,
        .change = Change::nothing, .note = "gone in OpenVPN 2.7; read the status file",
        .help = "Write counters to mmapped file."},
    Row{.name = "gremlin", .args = {1, 1, "bitmask"}, .state = State::accepted,
        .change = Change::nothing, .note = "faults are not injected here",
        .help = "Debug fault injection."},
};
// clang-format on

}  // namespace

Page logging_page() { return {"Logging and status", logging_rows}; }

}  // namespace adit::options
