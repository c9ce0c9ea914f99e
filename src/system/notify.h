#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "system/fd.h"

namespace adit::system {

// Tells the service manager how the start goes: datagrams to the socket that it names in
// NOTIFY_SOCKET. Connected at once, so that it also works after a chroot. Does nothing without one.
class ServiceNotifier {
 public:
  // socket  path, or '@' and an abstract name; empty: there is none
  explicit ServiceNotifier(std::string_view socket);
  [[nodiscard]] static ServiceNotifier from_environment();

  // Is somebody listening? Sends "READY=0", as stock does. If so the process must not fork.
  [[nodiscard]] bool works() const { return send("READY=0"); }
  bool send(std::string_view text) const;

  // That the configuration is read again; READY=1 follows when that is done.
  bool send_reloading(Instant now) const;

 private:
  Fd socket_;
};

// How often the service manager wants to hear that we live, from WATCHDOG_USEC; nothing: it does
// not ask this process.
[[nodiscard]] std::optional<Duration> watchdog_period();

}  // namespace adit::system
