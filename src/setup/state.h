#pragma once

#include "setup/host.h"
#include "setup/thing.h"

namespace adit::setup {

// What a thing is like now. last: what we know to have put there last, for things that cannot be
// read back word by word (rules, hooks); nothing when we did not.
[[nodiscard]] Result<State> look(Host& host, const Thing& thing, const State* last);

// Brings a thing into a state. Doing so again does no harm.
[[nodiscard]] Status put(Host& host, const Thing& thing, const State& state);

// Of a unit of systemd.
enum class Activity : std::uint8_t { inactive, starting, active };
[[nodiscard]] Activity activity_of(Host& host, const std::string& unit);

// The folders above a path that do not exist, outermost first.
[[nodiscard]] std::vector<std::string> missing_folders(Host& host, const std::string& path);

}  // namespace adit::setup
