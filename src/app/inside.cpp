#include "app/inside.h"

#include <unistd.h>

#include "app/names_keeper.h"
#include "app/outside.h"
#include "node/lines.h"

namespace adit::app {

namespace {

system::TunOffloadLimit limit_of(options::FastPath::TunOffload wish) {
  using Wish = options::FastPath::TunOffload;
  switch (wish) {
    case Wish::automatic:
      return system::TunOffloadLimit::all;
    case Wish::no_uso:
      return system::TunOffloadLimit::no_uso;
    case Wish::no_tso:
      return system::TunOffloadLimit::no_tso;
    case Wish::off:
      break;
  }
  return system::TunOffloadLimit::nothing;
}

}  // namespace

Result<std::unique_ptr<Inside>> Inside::create(Runtime& runtime, const options::Config& config) {
  auto inside = std::make_unique<Inside>();
  system::LateTun::Settings settings;
  settings.name = config.device.name;
  settings.node = config.device.node;
  if (config.device.is_tap()) settings.layer = system::TunLayer::ethernet;
  settings.null = config.device.type == options::DevType::null;
  settings.limit = limit_of(config.fast.tun_offload);
  settings.queues = lanes_of(config);
  auto device = system::LateTun::create(settings);
  if (!device) return fail_with(device.error());
  inside->device = std::move(*device);
  inside->tunnel = std::make_unique<node::Tunnel>(*inside->device, *runtime.network, runtime.log,
                                                  runtime.names.get());
  inside->hooks = std::make_unique<node::Hooks>(
      config.scripts, node::common_environment(config, process_facts(runtime)), *runtime.processes,
      runtime.log, runtime.plugins.get());
  return inside;
}

void Inside::take_down(const node::Environment& env, std::string_view signal) {
  tunnel->take_down(*hooks, env, signal);
  device->close();
}

node::ProcessFacts process_facts(const Runtime& runtime) { return {getpid(), runtime.started}; }

std::string signal_for_scripts(const Signal& signal) {
  if (!signal.hard && !signal.text.empty()) return signal.text;
  std::string name = signal_name(signal.number);
  for (char& c : name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return name;
}

void log_signal(const Log& log, const Signal& signal) {
  const bool restarts = signal.number == SIGHUP || signal.number == SIGUSR1;
  log.info(1, "{}",
           node::lines::signal_received(signal_name(signal.number), signal.hard, signal.text,
                                        restarts ? "process restarting" : "process exiting"));
}

}  // namespace adit::app
