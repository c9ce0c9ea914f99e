#pragma once

#include <csignal>
#include <functional>
#include <memory>
#include <optional>

#include "base/log.h"
#include "crypto/auth_token.h"
#include "crypto/engine.h"
#include "node/instance_facts.h"
#include "options/config.h"
#include "options/parser.h"
#include "options/reload_report.h"
#include "system/daemon.h"
#include "system/log_output.h"
#include "system/loop.h"
#include "system/netlink.h"
#include "system/notify.h"
#include "system/plugins.h"
#include "system/privileges.h"
#include "system/process.h"
#include "system/random.h"
#include "system/status_socket.h"
#include "system/store.h"

namespace adit::app {

class KillSwitch;
class ManagementHost;
class NamesKeeper;
class TokenHost;

// A signal that waits to be acted upon, and its words for the log.
struct Signal {
  int number = 0;
  bool hard = true;  // from outside
  std::string text;  // "ping-restart"
  int exit_status = 0;
};
std::string signal_name(int number);

// How one run ended and what the process does next.
struct RunEnd {
  enum class Next { exit, reread, restart } next = Next::exit;  // SIGTERM, SIGHUP, SIGUSR1
  int exit_status = 0;
  bool keeps_device = false;  // "persist-tun", said here or pushed
};

// What the whole process has one of, made in main and handed down.
class Runtime {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Runtime>> create();
  ~Runtime();
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  system::LogOutput output;
  Log log{output};
  system::SystemRng rng;
  system::Store store{rng};
  std::unique_ptr<system::Loop> loop;
  std::unique_ptr<system::Netlink> network;
  std::unique_ptr<system::Processes> processes;
  std::unique_ptr<system::Plugins> plugins;  // nullptr: the configuration has none
  system::ServiceNotifier notifier = system::ServiceNotifier::from_environment();

  // Whether the running node's lanes move; none between two runs.
  std::function<bool()> lanes_alive;

  // The signal of a running node; SIGUSR2 is handed to on_status instead.
  std::optional<Signal> signal;
  std::function<void()> on_status;
  // What the running node tells of itself; none between two runs.
  std::function<node::InstanceFacts()> facts;
  std::string role, configuration;  // the latter as the user named it
  std::unique_ptr<system::StatusSocket> status, requests;
  // Reads the configuration again and tells of it; nothing is changed by that.
  std::function<options::Parsed()> read_again;
  // Takes it up, where it can be without dropping anybody; none between two runs, and for clients.
  std::function<options::ReloadReport(bool dry_run)> reload;
  std::unique_ptr<ManagementHost> management;  // nullptr: the configuration has none
  std::unique_ptr<TokenHost> tokens;           // the same
  std::unique_ptr<NamesKeeper> names;          // nullptr: no client has run yet
  std::unique_ptr<KillSwitch> kill_switch;     // nullptr: the configuration has none
  // Takes the place of one that weighs less and still waits.
  void raise(Signal wanted);

  // Turns the loop until done() or a signal; false: a signal came.
  bool wait(const std::function<bool()>& done, Instant until = Instant::max());
  void rest(Duration pause) {
    wait([] { return false; }, loop->now() + pause);
  }

  crypto::ChosenEngine engine;
  std::optional<crypto::AuthTokenKey> random_token_key;  // of a server without a secret for them
  bool daemonised = false;
  bool memory_locked = false;
  bool watched = false;  // by the service manager, see keep_watchdog_quiet()
  bool rights_dropped = false;
  WallTime started;

 private:
  Runtime();
  void tell_interrupted() const;
};

// chroot, user, group: once, after everything that needs more rights.
Status drop_rights(Runtime& runtime, const options::Config& config);
// daemon, writepid, nice; then the process may be asked how it is.
Status settle_process(Runtime& runtime, const options::Config& config);
// Tells the service manager that we live, twice in every period that it set, as long as loop and
// lanes turn. Does nothing where it does not ask.
void keep_watchdog_quiet(Runtime& runtime);
RunEnd end_of(const Signal& signal, const options::Config& config);

}  // namespace adit::app
