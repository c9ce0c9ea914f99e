#pragma once

#include "options/config.h"
#include "ports/store_port.h"
#include "session/setup.h"

namespace adit::app {

// The user name and password that auth-user-pass wants: from its file, and what is not there from
// the terminal.
[[nodiscard]] Result<session::Credentials> ask_credentials(const options::Client& wanted,
                                                           ports::StorePort& store);

}  // namespace adit::app
