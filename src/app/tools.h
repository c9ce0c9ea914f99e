#pragma once

#include "app/runtime.h"

namespace adit::app {

// The stand-alone tools of the command line: --version, --genkey, --show-ciphers, ... Returns the
// exit status. source: surfaces 3
int run_tool(Runtime& runtime, const options::Config& config);

}  // namespace adit::app
