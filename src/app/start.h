#pragma once

#include "app/runtime.h"
#include "options/parser.h"

namespace adit::app {

// What a start asks of its configuration before anything runs.

// Asked once the configuration was read, before it is complete: what plugins add to it.
using LinesOfPlugins = std::function<std::vector<std::string>(const options::Config&)>;
[[nodiscard]] options::Parsed read_configuration(Runtime& runtime,
                                                 const std::vector<std::string>& arguments,
                                                 const LinesOfPlugins& of_plugins);

// Files the configuration names and that are not there, or not to be used; each is told.
// former: what runs already; what it named, too, and the process has lost the right to, it goes on
// with as it is. nullptr: nothing runs
[[nodiscard]] options::Issues missing_files(const options::Config& config,
                                            const options::Config* former);

// What a configuration read again may change; where the lines go stays.
void set_up_lines(system::LogOutput& output, const options::Logging& logging);
// Only what is another in it: who manages us may have set the rest.
void change_lines(system::LogOutput& output, const options::Logging& before,
                  const options::Logging& now);
[[nodiscard]] Status set_up_log(system::LogOutput& output, const options::Logging& logging);

}  // namespace adit::app
