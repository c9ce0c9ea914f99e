#include "app/plugin_host.h"

#include "app/inside.h"

namespace adit::app {

using system::PluginMoment;

namespace {

Status load_configured(Runtime& runtime, const options::Config& config) {
  runtime.plugins.reset();  // there is one place for what plugins log
  std::vector<system::PluginSettings> settings;
  for (const options::Plugin& plugin : config.scripts.plugins) {
    settings.push_back({plugin.words, plugin.at.text()});
  }
  auto loaded = system::Plugins::load(*runtime.loop, runtime.log, settings, {});
  if (!loaded) return fail_with(loaded.error());
  runtime.plugins = std::move(*loaded);
  if (const auto period = system::watchdog_period()) {
    runtime.plugins->while_waiting(*period / 2,
                                   [&runtime] { runtime.notifier.send("WATCHDOG=1"); });
  }
  return open_plugins(runtime, config, PluginMoment::before_configuration);
}

}  // namespace

std::vector<std::string> ask_early_plugins(Runtime& runtime, const options::Config& config) {
  if (const Status loaded = load_configured(runtime, config); !loaded) {
    runtime.plugins.reset();
    return {};
  }
  return runtime.plugins->configuration();
}

Status load_plugins(Runtime& runtime, const options::Config& config) {
  if (config.scripts.plugins.empty()) {
    runtime.plugins.reset();
    return {};
  }
  if (!runtime.plugins) {
    if (Status loaded = load_configured(runtime, config); !loaded) return loaded;
  }
  return open_plugins(runtime, config, PluginMoment::before_daemon);
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
