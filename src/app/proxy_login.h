#pragma once

#include "app/client_run.h"
#include "options/proxy_config.h"
#include "proxy/dialogue.h"

namespace adit::app {

// Name and password for a proxy: from a file or a block, else from the manager
// ("management-query-passwords") or from the terminal. kind: "HTTP Proxy", "SOCKS Proxy"
[[nodiscard]] Result<proxy::Credentials> proxy_credentials(Runtime& runtime,
                                                           const options::Config& config,
                                                           const options::FileOrInline& from,
                                                           const std::string& kind);

}  // namespace adit::app
