#pragma once

#include <functional>
#include <string>
#include <thread>

#include "base/result.h"

namespace adit::system {

// A thread in which every signal is blocked, and which has no capabilities unless we are still
// root: both belong to the control thread.
//
// name  as tools show it, at most 15 characters
[[nodiscard]] Result<std::thread> start_thread(const std::string& name, std::function<void()> body);

// How many threads of this process can run at once.
[[nodiscard]] std::size_t cores();

}  // namespace adit::system
