#pragma once

#include "app/runtime.h"
#include "options/config.h"
#include "ports/store_port.h"
#include "session/setup.h"

namespace adit::app {

// The user name and password that auth-user-pass wants: from its file, and what is not there from
// the terminal.
[[nodiscard]] Result<session::Credentials> ask_credentials(const options::Client& wanted,
                                                           ports::StorePort& store);

// The same of a running client: its manager is asked where that is configured
// ("management-query-passwords").
// challenged  the server has asked back, so that a static challenge is not put now
[[nodiscard]] Result<session::Credentials> ask_user(Runtime& runtime, const options::Config& config,
                                                    bool challenged);

}  // namespace adit::app
