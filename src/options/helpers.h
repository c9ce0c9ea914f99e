#pragma once

#include "options/config.h"
#include "options/issue.h"

namespace adit::options {

// Completes what was said: helper directives (server, server-ipv6, keepalive, tcp-nodelay) become
// the plain settings they stand for, remote lines become connections, "tcp" becomes one side of it,
// ciphers get their defaults. Call it once, on a configuration that was read without errors.
void finish(Config& config, Issues& issues);

}  // namespace adit::options
