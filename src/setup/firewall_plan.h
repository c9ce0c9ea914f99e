#pragma once

#include <string>

#include "firewall/plan.h"
#include "setup/host.h"
#include "setup/server_facts.h"

namespace adit::setup {

// Whose rules and services these are: "server" for /etc/adit, else after the folder's name.
[[nodiscard]] std::string instance_of(const std::string& dir);

// What a server wants of the packet filter.
[[nodiscard]] firewall::Plan plan_of(const ServerFacts& facts, const std::string& instance);

// The same of the folder as it lies there. Nothing: it wants no rules (ADIT_FIREWALL none).
// Errors: there is no server.conf, or it cannot be read.
[[nodiscard]] Result<std::optional<firewall::Plan>> read_plan(Host& host, const std::string& dir);

}  // namespace adit::setup
