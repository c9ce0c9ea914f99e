#pragma once

#include <memory>
#include <string>
#include <vector>

#include "firewall/watch.h"
#include "setup/host.h"

namespace adit::app {

// Watches what "adit up" or "adit join" has put on the host: packet filter rules, forwarding,
// rp_filter. The configuration says what they should be, also when it has changed meanwhile.
class RulesWatch {
 public:
  // file: absolute, DIR/server.conf or DIR/joined/NAME.ovpn. nullptr: adit has not set this one up,
  // or not with rules.
  [[nodiscard]] static std::unique_ptr<RulesWatch> of(const std::string& file);

  struct News {
    std::vector<std::string> bad, good;  // each is told once
  };
  // Blocks a few milliseconds; needs CAP_NET_ADMIN.
  [[nodiscard]] News look();

 private:
  RulesWatch(std::string dir, std::string joined)
      : dir_(std::move(dir)), joined_(std::move(joined)), host_(setup::real_host()) {}
  [[nodiscard]] bool read();
  [[nodiscard]] Result<std::vector<firewall::Trouble>> troubles();

  std::string dir_, joined_;  // the latter: of a client, its name
  std::unique_ptr<setup::Host> host_;
  firewall::HostTools tools_;
  std::unique_ptr<firewall::Watch> watch_;
  std::vector<firewall::Trouble> told_;
  bool blind_ = false;  // the rules could not be read
};

}  // namespace adit::app
