#include "app/plugin_host.h"

#include "app/inside.h"

namespace adit::app {

Status load_plugins(Runtime& runtime, const options::Config& config) {
  runtime.plugins.reset();
  std::vector<system::PluginSettings> settings;
  for (const options::Plugin& plugin : config.scripts.plugins) {
    settings.push_back({plugin.words, plugin.at.text()});
  }
  if (settings.empty()) return {};
  auto loaded = system::Plugins::load(*runtime.loop, runtime.log, settings, {});
  if (!loaded) return fail_with(loaded.error());
  runtime.plugins = std::move(*loaded);
  if (const auto period = system::watchdog_period()) {
    runtime.plugins->while_waiting(*period / 2,
                                   [&runtime] { runtime.notifier.send("WATCHDOG=1"); });
  }
  using system::PluginMoment;
  // The configuration has been read by now; what such a plugin would add to it is not taken.
  for (const PluginMoment moment :
       {PluginMoment::before_configuration, PluginMoment::before_daemon}) {
    if (Status opened = open_plugins(runtime, config, moment); !opened) return opened;
  }
  return {};
}

Status open_plugins(Runtime& runtime, const options::Config& config, system::PluginMoment moment) {
  if (!runtime.plugins) return {};
  const node::Environment env = node::common_environment(config, process_facts(runtime));
  return runtime.plugins->open(moment, env.variables());
}

void hurry_plugins(Runtime& runtime) {
  constexpr Duration enough = std::chrono::seconds(10);
  if (runtime.plugins) runtime.plugins->hurry(enough);
}

}  // namespace adit::app
