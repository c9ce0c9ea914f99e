#include "app/openvpn.h"

#include <cstdio>
#include <unistd.h>

#include "app/client_run.h"
#include "app/exit_codes.h"
#include "app/inside.h"
#include "app/kill_switch.h"
#include "app/management_host.h"
#include "app/plugin_host.h"
#include "app/server_run.h"
#include "app/start.h"
#include "app/title.h"
#include "app/token_host.h"
#include "app/tools.h"
#include "node/echo_line.h"
#include "node/identity_setup.h"
#include "node/lines.h"
#include "options/checks.h"
#include "options/parser.h"
#include "system/terminal.h"

namespace adit::app {

namespace {

constexpr const char* see_help = "Use --help for more information.";

crypto::Engine engine_of(options::FastPath::Engine engine) {
  switch (engine) {
    case options::FastPath::Engine::openssl:
      return crypto::Engine::openssl;
    case options::FastPath::Engine::ipsec_mb:
      return crypto::Engine::ipsec_mb;
    case options::FastPath::Engine::vaes:
      return crypto::Engine::vaes;
    case options::FastPath::Engine::automatic:
      break;
  }
  return crypto::Engine::automatic;
}

void print(const std::string& line) { std::printf("%s\n", line.c_str()); }

// What keeps the program from starting goes where the log goes, and to the terminal as well: who
// has just typed the command does not look into a file.
void tell_everywhere(Runtime& runtime, const options::Logging& logging,
                     const options::Issues& issues) {
  const bool elsewhere = !logging.file.empty() || logging.syslog;
  if (!elsewhere || !set_up_log(runtime.output, logging)) {
    for (const options::Issue& issue : issues) print(issue.text());
    return print(see_help);
  }
  for (const options::Issue& issue : issues) {
    if (issue.severity == options::Issue::Severity::error) {
      runtime.log.fatal("{}", issue.text());
    } else {
      runtime.log.warn("{}", issue.text());
    }
  }
  runtime.log.fatal("{}", see_help);
}

// The process's life: read the configuration, run it, read it again when asked to.
class Openvpn {
 public:
  Openvpn(Runtime& runtime, const std::vector<std::string>& arguments)
      : runtime_(runtime), arguments_(arguments) {
    runtime_.read_again = [this] { return look_again(); };
  }

  int run() {
    while (true) {
      if (!read()) return exit_failure;
      if (config_.tool.kind != options::Tool::Kind::none) return run_tool(runtime_, config_);
      if (const auto status = live()) return *status;
    }
  }

 private:
  bool read() {
    options::Parsed parsed = read_configuration(
        runtime_, arguments_,
        [this](const options::Config& config) { return lines_of_plugins_ = ask_plugins(config); });
    config_ = std::move(parsed.config);
    return started_ ? take_again(parsed.issues) : take_first(parsed.issues);
  }

  // They log, and look for files of theirs from where the process will be.
  std::vector<std::string> ask_plugins(const options::Config& config) {
    if (started_) return ask_early_plugins(runtime_, config);
    const std::string& cd = config.process.cd;
    if (!cd.empty() && chdir(cd.c_str()) != 0) return {};
    is_in_place_ = true;
    log_is_set_up_ = set_up_log(runtime_.output, config.logging).has_value();
    return log_is_set_up_ ? ask_early_plugins(runtime_, config) : std::vector<std::string>();
  }

  // As at a start, but nothing begins.
  options::Parsed look_again() {
    if (config_.source == "stdin") {
      return {{},
              {{options::Issue::Severity::error,
                {},
                {},
                "the configuration came from standard input and cannot be read again",
                {}}}};
    }
    options::Parsed parsed = read_configuration(
        runtime_, arguments_, [this](const options::Config&) { return lines_of_plugins_; });
    if (!parsed.ok()) return parsed;
    const auto missing = missing_files(parsed.config, &config_);
    parsed.issues.insert(parsed.issues.end(), missing.begin(), missing.end());
    return parsed;
  }

  bool take_again(const options::Issues& issues) {
    set_up_lines(runtime_.output, config_.logging);
    for (const options::Issue& issue : issues) runtime_.log.warn("{}", issue.text());
    if (!options::has_errors(issues)) return true;
    runtime_.log.fatal("the configuration read again has errors; exiting");
    return false;
  }

  bool take_first(const options::Issues& issues) {
    const bool tool = config_.tool.kind != options::Tool::Kind::none;
    if (tool) return take_for_tool(issues);
    const std::string& cd = config_.process.cd;
    const int lost = is_in_place_ || cd.empty() || chdir(cd.c_str()) == 0 ? 0 : errno;
    if (options::has_errors(issues)) return refuse(issues);
    if (lost != 0) {
      print(fmt::format("Options error: --cd fails with '{}': {} (errno={})", cd,
                        std::strerror(lost), lost));
      return false;
    }
    const auto missing = missing_files(config_, nullptr);
    if (!missing.empty()) return refuse(missing);
    std::fflush(stdout);
    const Status set = log_is_set_up_ ? Status() : set_up_log(runtime_.output, config_.logging);
    if (!set) {
      print("Options error: " + set.error().text());
      return false;
    }
    for (const std::string& text : config_.scripts.echoes) {
      if (const auto line = node::echo_line(text, false)) runtime_.log.info(1, "{}", *line);
    }
    for (const options::Issue& issue : issues) runtime_.log.warn("{}", issue.text());
    started_ = true;
    return true;
  }

  static bool take_for_tool(const options::Issues& issues) {
    for (const options::Issue& issue : issues) print(issue.text());
    if (!options::has_errors(issues)) return true;
    print(see_help);
    return false;
  }

  bool refuse(const options::Issues& issues) {
    tell_everywhere(runtime_, config_.logging, issues);
    return false;
  }

  // Nothing: read the configuration again.
  std::optional<int> live() {
    runtime_.log.info(1, "{}", title());
    runtime_.log.info(1, "library versions: {}", tls_library());
    if (!open_management()) return management_lost();
    if (Status opened = open_tokens(); !opened) return die(opened.error());
    if (!let_begin()) return management_lost();
    inside_.reset();              // it knows the plugins of the last reading
    remembered_.remotes.reset();  // and these are its remotes
    if (Status loaded = load_plugins(runtime_, config_); !loaded) return die(loaded.error());
    if (Status chosen = choose_engine(); !chosen) return die(chosen.error());
    if (Status asked = ask_passphrase(); !asked) {
      if (runtime_.signal) return management_lost();
      return die(asked.error());
    }
    node::keep_key_files(config_, runtime_.store);
    while (true) {
      auto end = config_.mode == options::Mode::server
                     ? run_server(runtime_, config_, inside_, passphrase_)
                     : run_client(runtime_, config_, inside_, passphrase_, remembered_);
      if (!end && runtime_.signal && runtime_.management) return management_lost();
      if (!end && asks_passphrase_again(end.error())) {
        if (Status asked = ask_passphrase(); !asked) return management_lost();
        continue;
      }
      if (!end) return die(end.error());
      switch (end->next) {
        case RunEnd::Next::exit:
          runtime_.notifier.send("STOPPING=1");
          return clean_up(end->exit_status);
        case RunEnd::Next::reread:
          runtime_.notifier.send_reloading(runtime_.loop->now());
          inside_.reset();
          runtime_.plugins.reset();
          static_cast<void>(runtime_.output.reopen());
          return std::nullopt;
        case RunEnd::Next::restart:
          if (!end->keeps_device) inside_.reset();
          if (!hold_if_wanted(runtime_, 1)) {
            runtime_.log.info(2, "{}", node::lines::restart_pause(std::chrono::seconds(1)));
            runtime_.rest(std::chrono::seconds(1));
          }
          if (runtime_.signal && runtime_.signal->number != SIGUSR1) {
            const Signal signal = *std::exchange(runtime_.signal, std::nullopt);
            log_signal(runtime_.log, signal);
            tell_end(runtime_, signal);
            tell_tunnel_goes_down(runtime_);
            if (inside_) inside_->take_down({}, signal_for_scripts(signal));
            inside_.reset();
            runtime_.plugins.reset();
            if (signal.number == SIGHUP) return std::nullopt;
            return clean_up(0);
          }
          runtime_.signal.reset();
          break;
      }
    }
  }

  // False: it cannot be opened; why is logged.
  bool open_management() {
    if (!config_.management.defined()) return true;
    if (!runtime_.management) {
      auto opened = ManagementHost::open(runtime_, config_);
      if (!opened) {
        management_refused_ = !opened.error().what.empty();
        if (management_refused_) runtime_.log.fatal("{}", opened.error().text());
        return false;
      }
      runtime_.management = std::move(*opened);
    }
    runtime_.management->on_forget = [this] {
      remembered_.asked = false;
      remembered_.memory = {};
      remembered_.memory.forgotten = true;
      remembered_.http_proxy.reset();
      passphrase_ = {};
    };
    return true;
  }

  // Before a manager may ask for them, and anew with every configuration.
  Status open_tokens() {
    runtime_.tokens.reset();
    if (runtime_.management) runtime_.management->on_token_entries = nullptr;
    if (!config_.tokens.defined()) return {};
    auto opened = TokenHost::open(runtime_, config_);
    if (!opened) return fail_with(opened.error());
    runtime_.tokens = std::move(*opened);
    if (runtime_.management) {
      runtime_.management->on_token_entries = [this] { return runtime_.tokens->entries(); };
    }
    return {};
  }

  // False: a manager ends us before we have begun.
  bool let_begin() {
    if (!config_.management.defined()) return true;
    tell_state(runtime_, {"CONNECTING"});
    hold_if_wanted(runtime_, 0);
    return !runtime_.signal;
  }

  // A wrong passphrase that the manager gave: it is told, and with "auth-retry" asked once more.
  bool asks_passphrase_again(const Error& error) {
    const bool wrong = error.text().find("is the passphrase right?") != std::string::npos;
    if (!wrong || !asks_manager(runtime_, config_)) return false;
    runtime_.management->face().tell(">PASSWORD:Verification Failed: 'Private Key'");
    if (runtime_.management->auth_retry() == "none") {
      runtime_.log.fatal("Error: private key password verification failed");
      return false;
    }
    const Signal signal{SIGUSR1, false, "private-key-password-failure", 0};
    log_signal(runtime_.log, signal);
    tell_end(runtime_, signal);
    passphrase_ = {};
    if (!hold_if_wanted(runtime_, 1)) runtime_.rest(std::chrono::seconds(1));
    return true;
  }

  int management_lost() {
    runtime_.signal.reset();
    if (management_refused_) {
      runtime_.log.fatal("{}", node::lines::exits_fatally);
    } else {
      runtime_.log.warn("Signal received from management interface, exiting");
    }
    if (inside_) inside_->take_down({}, "sigterm");
    return clean_up(management_refused_ ? exit_failure : 0);
  }

  Status choose_engine() {
    auto chosen = crypto::choose_engine(engine_of(config_.fast.engine));
    if (!chosen) return fail_because("crypto-engine", chosen.error());
    runtime_.engine = std::move(*chosen);
    runtime_.log.info(3, "Data channel crypto: {}", runtime_.engine.name);
    if (!runtime_.engine.missed.empty()) {
      runtime_.log.info(3, "Not used for the data channel: {}", runtime_.engine.missed);
    }
    return {};
  }

  Status ask_passphrase() {
    if (!node::needs_passphrase(config_, runtime_.store) || !passphrase_.empty()) return {};
    const options::Identity& identity = config_.identity;
    if (identity.askpass_set && !identity.askpass.empty() && identity.askpass != "-") {
      auto text = runtime_.store.read(identity.askpass);
      if (!text) return fail_because("askpass", text.error());
      passphrase_ = SecretText(text->substr(0, text->find_first_of("\r\n")));
      return {};
    }
    if (asks_manager(runtime_, config_)) {
      auto given = ask_manager(runtime_, {"Private Key", false, {}});
      if (!given) return fail("interrupted");
      passphrase_ = std::move(given->password);
      return {};
    }
    auto answer = system::ask("Enter Private Key Password:", false);
    if (!answer) return fail_with(answer.error());
    passphrase_ = std::move(*answer);
    return {};
  }

  int die(const Error& error) {
    runtime_.log.fatal("{}", error.text());
    runtime_.log.fatal("{}", node::lines::exits_fatally);
    runtime_.notifier.send("STATUS=Failed to start up: " + error.what + "\nERRNO=1");
    if (inside_) inside_->take_down({}, "init-failed");
    if (runtime_.plugins) runtime_.plugins->abort();
    return clean_up(exit_failure);
  }

  int clean_up(int status) {
    inside_.reset();
    leave_kill_switch(runtime_, status == 0);
    runtime_.plugins.reset();
    if (!config_.process.write_pid.empty()) runtime_.store.remove(config_.process.write_pid);
    return status;
  }

  Runtime& runtime_;
  std::vector<std::string> arguments_;
  options::Config config_;
  std::unique_ptr<Inside> inside_;
  Remembered remembered_;
  SecretText passphrase_;
  std::vector<std::string> lines_of_plugins_;
  bool is_in_place_ = false, log_is_set_up_ = false;  // before plugins were asked
  bool started_ = false;
  bool management_refused_ = false;  // it cannot be had; not: nobody is there yet
};

}  // namespace

int run_openvpn(const std::vector<std::string>& arguments) {
  auto runtime = Runtime::create();
  if (!runtime) {
    std::fprintf(stderr, "adit: %s\n", runtime.error().text().c_str());
    return exit_failure;
  }
  return Openvpn(**runtime, arguments).run();
}

}  // namespace adit::app
