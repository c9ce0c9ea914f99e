#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>

#include "base/log.h"
#include "node/environment.h"
#include "node/plugin_calls.h"
#include "node/turns.h"
#include "ports/process_port.h"

namespace adit::node {

// Runs the user's programs, if the configuration lets it, and tells plugins. Each program may take
// so long and no longer; few run at a time. Once it is gone nobody is called any more of those who
// wait for an answer.
class Hooks {
 public:
  // plugins: nullptr: there are none.
  Hooks(const options::Scripts& scripts, Environment common, ports::ProcessPort& processes, Log log,
        ports::PluginPort* plugins = nullptr)
      : scripts_(scripts),
        common_(std::move(common)),
        processes_(processes),
        log_(std::move(log)),
        plugins_(plugins, common_, log_) {}

  // How long one may take of those that are not waited for; then it is killed.
  void limit(Duration longest) { limit_ = longest; }

  // Waits for it. True: it ran and exited 0, or there is none. longest: zero: without a limit.
  bool run_and_wait(std::string_view type, const options::Script& script, const Environment& env,
                    const std::vector<std::string>& arguments = {}, Duration longest = {});

  struct How {
    // Of others about one of these that were asked for before it, a program waits for the end.
    std::vector<std::string> subjects{};
    bool keeps_books = false;  // of comings and goings: it must run before the end
    std::optional<Log> log{};  // of the one it is about
    // Asked when its turn comes: false, and it does not run any more; done gets -1.
    std::function<bool()> wanted{};
  };
  // done gets the exit status, -1 when it could not run or was killed at its limit.
  void run_in_order(std::string_view type, const options::Script& script, const Environment& env,
                    const std::vector<std::string>& arguments, How how,
                    std::function<void(int)> done);

  // Something that plugins are told of first, and then a script.
  struct Occasion {
    ports::PluginEvent event;
    std::string_view type;  // of the script
    const options::Script& script;
  };
  [[nodiscard]] bool wanted(const Occasion& occasion) const {
    return occasion.script.defined() || plugins_.wants(occasion.event);
  }
  // True: nobody objects. A script is run whatever plugins say, but for "up". longest: as above.
  bool tell_and_wait(const Occasion& occasion, const Environment& env,
                     const std::vector<std::string>& arguments = {}, Duration longest = {});
  // client: whose context plugins get, as PluginNews has it. done gets true when nobody objects.
  void tell_in_order(const Occasion& occasion, const Environment& env,
                     const std::vector<std::string>& arguments, How how, std::uint64_t client,
                     std::function<void(bool)> done);
  [[nodiscard]] PluginCalls& plugins() { return plugins_; }
  // Of a program that somebody else runs: whether the configuration lets it, which is told if not;
  // and all it may know.
  [[nodiscard]] bool may_run(std::string_view type) { return allowed(log_, type); }
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> variables(
      std::string_view type, const Environment& env) const {
    return command(type, {}, env, {}).variables;
  }

  // For programs that are asked for, and plugins that are told something, from now on.
  void adopt(const options::Scripts& scripts, Environment common) {
    scripts_ = scripts;
    common_ = std::move(common);
    plugins_.adopt(common_);
  }
  // Without programs that keep books.
  [[nodiscard]] bool idle() const { return books_ == 0; }

  [[nodiscard]] const options::Scripts& scripts() const { return scripts_; }

 private:
  struct Waiting {
    std::string type;
    ports::Command command;
    bool keeps_books;
    Log log;
    std::function<bool()> wanted;
    std::function<void(int)> done;
  };
  // Debian's units leave room for about four tasks.
  static constexpr std::size_t most_at_once = 4, most_slow = 32;

  void enter(Waiting waiting, std::vector<std::string> subjects);
  void begin_those_who_may();
  // False: whoever was told so has ended us as well.
  [[nodiscard]] bool leave(std::uint64_t turn, const Waiting& program, int status);
  [[nodiscard]] bool allowed(const Log& log, std::string_view type);
  [[nodiscard]] ports::Command command(std::string_view type, const options::Script& script,
                                       const Environment& env,
                                       const std::vector<std::string>& arguments) const;

  options::Scripts scripts_;
  Environment common_;
  ports::ProcessPort& processes_;
  Log log_;
  PluginCalls plugins_;
  Duration limit_ = std::chrono::seconds(60);
  Turns turns_{most_at_once, most_slow};
  std::map<std::uint64_t, Waiting> waiting_;
  bool told_security_ = false;
  std::size_t books_ = 0;                                 // of programs that keep them
  std::shared_ptr<int> alive_ = std::make_shared<int>();  // a program may outlive us
};

}  // namespace adit::node
