#pragma once

#include "app/runtime.h"
#include "node/client.h"
#include "node/identity_setup.h"

namespace adit::app {

// What an attempt at a connection is made with, and what it tells the server of this machine.
//
// identity  nullptr in static key mode
[[nodiscard]] Result<node::ClientSetup> make_client_setup(Runtime& runtime,
                                                          const options::Config& config,
                                                          const options::Connection& connection,
                                                          node::Identity* identity);

}  // namespace adit::app
