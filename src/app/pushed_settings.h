#pragma once

#include "app/edge.h"
#include "options/config.h"

namespace adit::app {

// What a server pushed of things that are the process's own: how much it logs and where to, and the
// buffers of its socket. Call it once the client is up.
void take_pushed_settings(Runtime& runtime, const options::Config& config,
                          const options::Pulled& pulled, Edge& edge);

// Back to what the configuration says, before the next attempt. What a manager set stays.
void forget_pushed_settings(Runtime& runtime, const options::Config& config);

}  // namespace adit::app
