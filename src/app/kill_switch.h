#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/runtime.h"
#include "firewall/outgoing.h"
#include "system/fd.h"

namespace adit::app {

// "kill-switch": while it is closed, nothing leaves this host but through the tunnel. It is a rule
// of the packet filter, so it stays closed when the process dies; the next one takes it over.
class KillSwitch {
 public:
  // Looks up the servers' names first, as that cannot be done any more afterwards. Blocks. Errors:
  // the packet filter refuses; another process has it; no server's address is known.
  [[nodiscard]] static Result<std::unique_ptr<KillSwitch>> close(Runtime& runtime,
                                                                 const options::Config& config);
  // As another configuration has it, without a moment in between. Names it did not know are lost.
  [[nodiscard]] Status adopt(Runtime& runtime, const options::Config& config);
  // The device of the tunnel, empty while there is none. Costs nothing when it is the same.
  void follow(const std::string& device);
  // Where a server is; nothing: not known.
  [[nodiscard]] std::vector<ip::Address> addresses(const std::string& host,
                                                   std::optional<ip::Family> family) const;
  // Everything may leave again.
  void open();

 private:
  explicit KillSwitch(Log log) : log_(std::move(log)) {}
  [[nodiscard]] bool take_lock();
  void read_known();
  void write_known() const;
  void look_up(const std::string& host, std::optional<ip::Family> family);
  void add_end(const std::string& host, const std::string& port, bool tcp,
               std::optional<ip::Family> family);
  void add_relay(const std::string& proxy, const std::string& server);
  [[nodiscard]] Status load();

  Log log_;
  system::Fd lock_;
  bool was_closed_ = false;  // by a process that is gone
  std::map<std::string, std::vector<ip::Address>> known_;
  firewall::KillSwitch rules_;
};

// At the start of a run: closes it, takes over what the configuration says now, or opens it where
// that is no longer wanted.
[[nodiscard]] Status settle_kill_switch(Runtime& runtime, const options::Config& config);
// At the end of the process. wanted: somebody asked for it; otherwise it stays closed, and that is
// told.
void leave_kill_switch(Runtime& runtime, bool wanted);

}  // namespace adit::app
