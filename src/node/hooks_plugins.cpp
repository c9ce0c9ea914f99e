// What plugins are told before a script is run.

#include "node/hooks.h"
#include "node/lines.h"

namespace adit::node {

namespace {

// Stock ends over it; here it is said, and whoever asked decides.
std::string objection(const Hooks::Occasion& occasion) {
  using ports::PluginEvent;
  const bool interface = occasion.event == PluginEvent::up || occasion.event == PluginEvent::down;
  if (interface) return "ERROR: up/down plugin call failed";
  return lines::plugin_call_failed(occasion.type);
}

}  // namespace

bool Hooks::tell_and_wait(const Occasion& occasion, const Environment& env,
                          const std::vector<std::string>& arguments, Duration longest) {
  const PluginAnswer answer = plugins_.tell_and_wait({occasion.event, env, arguments});
  if (!answer.accepted()) log_.error("{}", objection(occasion));
  if (!answer.accepted() && occasion.event == ports::PluginEvent::up) return false;
  return run_and_wait(occasion.type, occasion.script, env, arguments, longest) && answer.accepted();
}

void Hooks::tell_in_order(const Occasion& occasion, const Environment& env,
                          const std::vector<std::string>& arguments, How how, std::uint64_t client,
                          std::function<void(bool)> done) {
  const auto run_script = [this, type = std::string(occasion.type), script = occasion.script, env,
                           arguments, how, done = std::move(done)](bool agreed) {
    if (!script.defined()) return done(agreed);
    run_in_order(type, script, env, arguments, how,
                 [agreed, done](int status) { done(agreed && status == 0); });
  };
  if (!plugins_.wants(occasion.event)) return run_script(true);
  if (how.keeps_books) ++books_;
  const Log log = how.log.value_or(log_);
  plugins_.tell({occasion.event, env, arguments, client}, log,
                [this, log, books = how.keeps_books, text = objection(occasion),
                 run_script](const PluginAnswer& answer) {
                  if (!answer.accepted()) log.error("{}", text);
                  run_script(answer.accepted());
                  if (books) --books_;
                });
}

}  // namespace adit::node
