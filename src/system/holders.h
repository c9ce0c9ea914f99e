#pragma once

#include <optional>
#include <string>

namespace adit::system {

// Who holds what we cannot have, for error messages: "openvpn (pid 123)". Nothing when it cannot be
// found, which is usual without root.
[[nodiscard]] std::optional<std::string> holder_of_tun(const std::string& device);

enum class Transport { udp, tcp };
[[nodiscard]] std::optional<std::string> holder_of_port(Transport transport, unsigned port);
// Whether some program waits there, also one that cannot be found.
[[nodiscard]] bool is_port_held(Transport transport, unsigned port);

}  // namespace adit::system
