#pragma once

#include "app/runtime.h"

namespace adit::app {

// "test-crypto": seals and opens packets of all sizes with the key of "secret". Returns the exit
// status.
[[nodiscard]] int check_crypto(Runtime& runtime, const options::Config& config);

}  // namespace adit::app
