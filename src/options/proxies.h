#pragma once

#include "options/config.h"
#include "options/findings.h"

namespace adit::options {

// A block without credentials for its proxy takes those of the top level, even if they stand below
// it; a proxy that carries UDP knows IPv4 only.
void complete_proxy(const Config& config, Connection& connection);
// "http-proxy-override".
void override_proxies(Config& config, const Findings& found);
void check_proxy(const Connection& connection, const Findings& found);

}  // namespace adit::options
