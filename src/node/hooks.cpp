#include "node/hooks.h"

namespace adit::node {

namespace {
constexpr int security_user_scripts = 2;
}

bool Hooks::allowed(std::string_view type) const {
  if (scripts_.security >= security_user_scripts) return true;
  log_.warn(
      "WARNING: External program may not be called unless '--script-security 2' or higher is "
      "enabled. See --help text or man page for detailed info. ({})",
      type);
  return false;
}

ports::Command Hooks::command(std::string_view type, const options::Script& script,
                              const Environment& env,
                              const std::vector<std::string>& arguments) const {
  Environment all = common_;
  all.set("script_type", std::string(type));
  all.merge(env);
  ports::Command command{script.words, all.variables()};
  command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
  return command;
}

void Hooks::log_failure(std::string_view type, const Result<int>& status) const {
  if (!status) {
    log_.warn("WARNING: Failed running command (--{}): {}", type, status.error().text());
  } else if (*status > 128) {
    log_.warn("WARNING: Failed running command (--{}): external program was killed by signal {}",
              type, *status - 128);
  } else if (*status != 0) {
    log_.warn(
        "WARNING: Failed running command (--{}): external program exited with error status: {}",
        type, *status);
  }
}

bool Hooks::run_and_wait(std::string_view type, const options::Script& script,
                         const Environment& env, const std::vector<std::string>& arguments) {
  if (!script.defined()) return true;
  if (!allowed(type)) return false;
  const auto status = processes_.run_and_wait(command(type, script, env, arguments));
  log_failure(type, status);
  return status && *status == 0;
}

void Hooks::run(std::string_view type, const options::Script& script, const Environment& env,
                const std::vector<std::string>& arguments, std::function<void(int)> done) {
  if (!allowed(type)) return done(-1);
  processes_.run(command(type, script, env, arguments),
                 [this, alive = std::weak_ptr(alive_), name = std::string(type),
                  done = std::move(done)](const Result<int>& status) {
                   if (alive.expired()) return;
                   log_failure(name, status);
                   done(status ? *status : -1);
                 });
}

void Hooks::run_in_order(std::string_view type, const options::Script& script,
                         const Environment& env, const std::vector<std::string>& arguments,
                         std::function<void(int)> done) {
  queue_.push_back({std::string(type), script, env, arguments, std::move(done)});
  if (queue_.size() == 1) run_first();
}

void Hooks::run_first() {
  const Queued& first = queue_.front();
  run(first.type, first.script, first.env, first.arguments, [this](int status) {
    const auto done = std::move(queue_.front().done);
    queue_.pop_front();
    if (!queue_.empty()) run_first();
    done(status);
  });
}

}  // namespace adit::node
