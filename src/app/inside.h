#pragma once

#include "app/runtime.h"
#include "node/tunnel.h"
#include "system/late_tun.h"

namespace adit::app {

// The tunnel device and what was done to the host for it; kept over soft restarts with persist-tun.
struct Inside {
  std::unique_ptr<system::LateTun> device;
  std::unique_ptr<node::Tunnel> tunnel;
  std::unique_ptr<node::Hooks> hooks;

  [[nodiscard]] static Result<std::unique_ptr<Inside>> create(Runtime& runtime,
                                                              const options::Config& config);
  // Everything is undone; only while no lane runs.
  void take_down(const node::Environment& env, std::string_view signal);
};

[[nodiscard]] node::ProcessFacts process_facts(const Runtime& runtime);
// "sigterm", "ping-restart": what scripts get as $signal
[[nodiscard]] std::string signal_for_scripts(const Signal& signal);
void log_signal(const Log& log, const Signal& signal);

}  // namespace adit::app
