#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace adit::system {

// The port of a service that this host knows by name ("https", /etc/services); nothing: none.
[[nodiscard]] std::optional<std::uint16_t> port_of_service(const std::string& name);

}  // namespace adit::system
