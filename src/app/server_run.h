#pragma once

#include "app/runtime.h"
#include "system/late_tun.h"

namespace adit::app {

// The tunnel device and what was done to the host for it; kept over soft restarts.
struct Inside;

// Runs a multi-client server until a signal. The configuration follows what is read again
// meanwhile.
[[nodiscard]] Result<RunEnd> run_server(Runtime& runtime, options::Config& config,
                                        std::unique_ptr<Inside>& inside,
                                        const SecretText& passphrase);

}  // namespace adit::app
