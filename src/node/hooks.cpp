#include "node/hooks.h"

namespace adit::node {

namespace {

constexpr int security_user_scripts = 2;
constexpr Duration patience = std::chrono::seconds(1);  // then others need not wait any longer

// What stock calls a program in its complaints.
std::string_view label(std::string_view type) {
  if (type == "up" || type == "down" || type == "route-pre-down") return "--up/--down";
  if (type == "user-pass-verify") return "--auth-user-pass-verify";
  if (type == "tls-verify") return "--tls-verify script";
  return {};
}

void log_script_failure(const Log& log, std::string_view type, std::string_view what) {
  const std::string known(label(type));
  log.warn("WARNING: Failed running command ({}): {}",
           known.empty() ? "--" + std::string(type) : known, what);
}

// A check that says no has not failed; stock is silent about it.
void log_result(const Log& log, std::string_view type, const Result<int>& status) {
  if (!status) return log_script_failure(log, type, status.error().text());
  if (*status > 128) {
    return log_script_failure(
        log, type,
        fmt::format("external program did not exit normally (signal {})", *status - 128));
  }
  if (*status == 0 || type == "user-pass-verify") return;
  log_script_failure(log, type,
                     fmt::format("external program exited with error status: {}", *status));
}

}  // namespace

bool Hooks::allowed(const Log& log, std::string_view type) {
  if (scripts_.security >= security_user_scripts) return true;
  if (!std::exchange(told_security_, true)) {
    log.warn(
        "WARNING: External program may not be called unless '--script-security 2' or higher is "
        "enabled. See --help text or man page for detailed info.");
  }
  log_script_failure(log, type, "disallowed by script-security setting");
  return false;
}

ports::Command Hooks::command(std::string_view type, const options::Script& script,
                              const Environment& env,
                              const std::vector<std::string>& arguments) const {
  Environment all = common_;
  all.set("script_type", std::string(type));
  all.merge(env);
  ports::Command command{script.words, all.variables(), limit_};
  command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
  return command;
}

bool Hooks::run_and_wait(std::string_view type, const options::Script& script,
                         const Environment& env, const std::vector<std::string>& arguments,
                         Duration longest) {
  if (!script.defined()) return true;
  if (!allowed(log_, type)) return false;
  ports::Command program = command(type, script, env, arguments);
  program.limit = longest;
  const auto status = processes_.run_and_wait(program);
  log_result(log_, type, status);
  return status && *status == 0;
}

void Hooks::run_in_order(std::string_view type, const options::Script& script,
                         const Environment& env, const std::vector<std::string>& arguments, How how,
                         std::function<void(int)> done) {
  enter({std::string(type), command(type, script, env, arguments), how.keeps_books,
         how.log.value_or(log_), std::move(how.wanted), std::move(done)},
        std::move(how.subjects));
}

void Hooks::enter(Waiting waiting, std::vector<std::string> subjects) {
  if (!allowed(waiting.log, waiting.type)) return waiting.done(-1);
  if (waiting.keeps_books) ++books_;
  waiting_.emplace(turns_.join(std::move(subjects)), std::move(waiting));
  begin_those_who_may();
}

void Hooks::begin_those_who_may() {
  while (const auto turn = turns_.next()) {
    auto program = std::make_shared<Waiting>(std::move(waiting_.extract(*turn).mapped()));
    if (program->wanted && !program->wanted()) {
      if (!leave(*turn, *program, -1)) return;
      continue;
    }
    program->command.patience = patience;
    program->command.takes_long = [this, alive = std::weak_ptr(alive_), turn = *turn] {
      if (alive.expired()) return;
      turns_.slow(turn);
      begin_those_who_may();
    };
    processes_.run(program->command, [this, alive = std::weak_ptr(alive_), turn = *turn,
                                      program](const Result<int>& status) {
      if (alive.expired()) return;
      log_result(program->log, program->type, status);
      if (leave(turn, *program, status ? *status : -1)) begin_those_who_may();
    });
  }
}

bool Hooks::leave(std::uint64_t turn, const Waiting& program, int status) {
  const auto alive = std::weak_ptr(alive_);
  turns_.leave(turn);
  if (program.keeps_books) --books_;
  program.done(status);
  return !alive.expired();
}

}  // namespace adit::node
