#pragma once

#include "app/runtime.h"
#include "app/server_run.h"
#include "node/client.h"
#include "node/remote_walk.h"
#include "proxy/dialogue.h"

namespace adit::app {

// What a client remembers from one run to the next.
struct Remembered {
  node::ClientMemory memory;
  bool asked = false;  // memory holds the user's name and password
  // persist-remote-ip: where the server was last found, by the name it was looked up under.
  std::string known_remote;
  std::optional<ip::Address> known_address;
  std::optional<proxy::Credentials> http_proxy;  // as the user gave them
  std::optional<node::RemoteWalk> remotes;       // how far SIGUSR1 found the walk
};

// Runs a client, or one end of a point-to-point tunnel, until a signal or its own end.
[[nodiscard]] Result<RunEnd> run_client(Runtime& runtime, const options::Config& config,
                                        std::unique_ptr<Inside>& inside,
                                        const SecretText& passphrase, Remembered& remembered);

}  // namespace adit::app
