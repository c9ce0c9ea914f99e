#pragma once

#include <optional>
#include <string>

#include "setup/host.h"

namespace adit::setup {

// Who serves this folder right now.
struct Running {
  std::optional<int> pid;  // in the foreground: adit up --no-service
  std::string unit;        // a service
  [[nodiscard]] bool any() const { return pid.has_value() || !unit.empty(); }
};

// unit: of the folder, as unit_name() makes it.
[[nodiscard]] Running running_server(Host& host, const std::string& dir, const std::string& unit);
[[nodiscard]] std::string unit_of(const std::string& dir);
[[nodiscard]] std::string pid_file(const std::string& dir);

// Has it read its configuration again. Clients stay, unless a change needs the server to begin
// anew: then they come back within a second. Says in one sentence what happened, also when nobody
// serves.
[[nodiscard]] Result<std::string> reload(Host& host, const Running& running);

}  // namespace adit::setup
