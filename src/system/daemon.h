#pragma once

#include <string>

#include "base/result.h"

namespace adit::system {

// Where the output of a process without a terminal goes.
enum class DaemonOutput { dev_null, unchanged };

// Goes on as a new process in a session of its own; the old one exits with 0. Before any thread
// starts. The working directory stays. output: unchanged when it already goes to a log file.
[[nodiscard]] Status daemonise(DaemonOutput output);

// Decimal and a newline, mode 0644.
[[nodiscard]] Status write_pid_file(const std::string& path);
[[nodiscard]] Status set_nice(int level);
[[nodiscard]] Status lock_memory();

}  // namespace adit::system
