#pragma once

#include "app/inside.h"
#include "app/runtime.h"
#include "node/identity_setup.h"
#include "node/server.h"

namespace adit::app {

// A running server, as far as another configuration may change it.
struct LivingServer {
  Runtime& runtime;
  options::Config& config;
  node::Identity& identity;
  node::ServerSetup& setup;
  node::Server& server;
  Inside& inside;
  const node::Environment& interface;  // of the tunnel device, for scripts
  // Looks after certificates and lists at once, as the configuration now names them.
  std::function<std::vector<std::string>()> look;
};

// "adit reload": reads the configuration again and takes up what a living server can. With any
// error nothing has changed. Nobody is dropped, unless a list of revocations names him.
[[nodiscard]] options::ReloadReport reload_server(const LivingServer& living, bool dry_run);

}  // namespace adit::app
