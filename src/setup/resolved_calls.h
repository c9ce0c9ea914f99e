#pragma once

#include <string>
#include <vector>

#include "ports/names_port.h"
#include "setup/host.h"
#include "setup/thing.h"

// systemd-resolved over D-Bus, by busctl, which comes with systemd: org.freedesktop.resolve1.

namespace adit::setup {

// Succeeds where it runs; it is not started for that.
[[nodiscard]] std::vector<std::string> resolved_is_there();

// The number of the device, as the kernel has it; empty: there is no such device.
[[nodiscard]] std::string device_index(Host& host, const std::string& device);

// server: nullptr: domains alone.
[[nodiscard]] Wish wish_resolved(const ports::NameSettings& settings,
                                 const ports::NameServer* server, const std::string& index);

}  // namespace adit::setup
