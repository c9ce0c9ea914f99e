#pragma once

#include <map>

#include "base/log.h"
#include "system/loop.h"
#include "system/plugin_callbacks.h"
#include "system/plugin_object.h"
#include "system/serial_thread.h"

namespace adit::system {

// The plugins of one configuration. Once the process has settled, all calls into them run on one
// thread, in the order in which they are asked for: a plugin that does not return keeps other
// plugins waiting, and nobody else.
class Plugins final : public ports::PluginPort {
 public:
  struct Patience {
    Duration tell = std::chrono::seconds(10);     // then it is said that a plugin does not answer
    Duration give_up = std::chrono::seconds(60);  // then it is answered for
  };

  [[nodiscard]] static Result<std::unique_ptr<Plugins>> load(
      Loop& loop, Log log, const std::vector<PluginSettings>& settings, Patience patience);
  ~Plugins() override;
  Plugins(const Plugins&) = delete;
  Plugins& operator=(const Plugins&) = delete;

  // Opens those whose moment it is, on this thread as long as none has been called.
  [[nodiscard]] Status open(PluginMoment moment, const PluginObject::Variables& variables);
  // Of all that were opened before the configuration was complete: the lines they add to it. Only
  // before the process has settled.
  [[nodiscard]] std::vector<std::string> configuration() const;
  [[nodiscard]] bool wants(ports::PluginEvent event) const override;
  void call(ports::PluginCall call, std::function<void(ports::PluginReply)> done) override;
  [[nodiscard]] ports::PluginReply call_and_wait(ports::PluginCall call) override;
  void forget_client(std::uint64_t client) override;

  // The end comes: what waits, waits no longer than this.
  void hurry(Duration give_up) { patience_.give_up = std::min(patience_.give_up, give_up); }
  // Contexts first, then the plugins; nothing may be called afterwards.
  void close();
  // The process ends in disorder: plugins that want to know are told.
  void abort();
  // Called every so often while a call keeps this thread.
  void while_waiting(Duration every, std::function<void()> callback) {
    every_ = every;
    while_waiting_ = std::move(callback);
  }

 private:
  struct House;
  struct Waiting {
    ports::PluginEvent event;
    std::uint64_t task;
    Instant since;
    std::function<void(ports::PluginReply)> done;
  };

  Plugins(Loop& loop, Log log, Patience patience);

  [[nodiscard]] bool wait(std::uint64_t task);
  [[nodiscard]] ports::PluginReply never(ports::PluginEvent event) const;
  [[nodiscard]] bool lost() const;
  void refuse_soon(ports::PluginEvent event, std::function<void(ports::PluginReply)> done);
  void collect();
  void look();
  void look_again_later();
  void tell_of(const SerialThread::Running& running, bool refused = false);
  void tell_of_return();
  void print_lines();

  Loop& loop_;
  Log log_;
  Patience patience_;
  std::shared_ptr<PluginLines> lines_;
  std::shared_ptr<House> house_;
  SerialThread thread_{"adit-plugins"};
  std::map<std::uint64_t, Waiting> waiting_;  // by number of the call
  std::uint64_t last_call_ = 0;
  TimerId look_timer_ = 0;
  std::uint64_t told_slow_ = 0, told_lost_ = 0;  // of which task
  Duration every_ = std::chrono::seconds(1);
  std::function<void()> while_waiting_;
  bool closed_ = false;
  std::shared_ptr<int> alive_ = std::make_shared<int>();
};

}  // namespace adit::system
