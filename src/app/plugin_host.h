#pragma once

#include "app/runtime.h"

namespace adit::app {

// The plugins of a configuration, in Runtime::plugins: they live from one reading of the
// configuration to the next.

// Opens those that want to be opened before the configuration is complete, and returns what they
// add to it. One that cannot be opened is told of by load_plugins().
[[nodiscard]] std::vector<std::string> ask_early_plugins(Runtime& runtime,
                                                         const options::Config& config);
// Loads them, and opens those that are to be opened before the process goes into the background.
[[nodiscard]] Status load_plugins(Runtime& runtime, const options::Config& config);
// Opens those whose moment it is, if none has been missed.
[[nodiscard]] Status open_plugins(Runtime& runtime, const options::Config& config,
                                  system::PluginMoment moment);
// The end has come: one that does not answer does not hold it up for long.
void hurry_plugins(Runtime& runtime);

}  // namespace adit::app
