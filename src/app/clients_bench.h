#pragma once

#include <memory>
#include <string>

#include "app/command_words.h"
#include "setup/clients.h"
#include "system/random.h"

namespace adit::app {

// What a command works with that changes the clients of a server. The folder is locked meanwhile.
class ClientsBench {
 public:
  // quiet: steps are not shown
  ClientsBench(const std::string& folder, bool quiet)
      : host(setup::real_host()),
        dir(absolute_dir(folder)),
        lock(lock_dir(dir)),
        pki(certificates_of(dir, rng)),
        clients(*host, dir, pki, own_path()),
        progress([quiet](const std::string& line) {
          if (!quiet) indent(line);
        }) {}
  ClientsBench(const ClientsBench&) = delete;
  ClientsBench& operator=(const ClientsBench&) = delete;

  std::unique_ptr<setup::Host> host;
  system::SystemRng rng;
  std::string dir;
  system::Fd lock;
  setup::PkiCertificates pki;
  setup::Clients clients;
  setup::Progress progress;
};

}  // namespace adit::app
