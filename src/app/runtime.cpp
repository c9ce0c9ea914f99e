#include "app/runtime.h"

#include <unistd.h>

#include "app/kill_switch.h"
#include "app/management_host.h"
#include "app/names_keeper.h"
#include "app/plugin_host.h"
#include "app/title.h"
#include "app/token_host.h"
#include "base/text.h"
#include "node/lines.h"
#include "system/clock.h"

namespace adit::app {

std::string signal_name(int number) {
  switch (number) {
    case SIGTERM:
      return "SIGTERM";
    case SIGINT:
      return "SIGINT";
    case SIGHUP:
      return "SIGHUP";
    case SIGUSR1:
      return "SIGUSR1";
    case SIGUSR2:
      return "SIGUSR2";
    default:
      return "signal " + std::to_string(number);
  }
}

Runtime::Runtime() = default;

Runtime::~Runtime() = default;

Result<std::unique_ptr<Runtime>> Runtime::create() {
  std::unique_ptr<Runtime> runtime(new Runtime);
  system::ignore_broken_pipes();
  auto loop = system::Loop::create();
  if (!loop) return fail_with(loop.error());
  runtime->loop = std::move(*loop);
  auto network = system::Netlink::open();
  if (!network) return fail_with(network.error());
  runtime->network = std::move(*network);
  runtime->processes = std::make_unique<system::Processes>(*runtime->loop);
  runtime->started = system::wall_now();
  Runtime* self = runtime.get();
  for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGUSR1}) {
    const auto raise = [self](int caught) {
      self->tell_interrupted();
      self->raise({caught, true, {}, 0});
    };
    if (Status set = runtime->loop->on_signal(number, raise); !set) return fail_with(set.error());
  }
  const auto show = [self](int) {
    self->tell_interrupted();
    if (self->on_status) self->on_status();
  };
  if (Status set = runtime->loop->on_signal(SIGUSR2, show); !set) return fail_with(set.error());
  return runtime;
}

// Stock says it of the system call that it waits in.
void Runtime::tell_interrupted() const {
  if (!lanes_alive) return;
  log.mutable_error(node::lines::mute_class_of_links, "{}", node::lines::interrupted);
}

namespace {

// source: stock 2.6.14, SIGINT before SIGTERM, SIGHUP and SIGUSR1
int weight(const Signal& signal) {
  switch (signal.number) {
    case SIGINT:
      return 3;
    case SIGTERM:
      return 2;
    case SIGHUP:
      return 1;
    default:
      return 0;
  }
}

}  // namespace

void Runtime::raise(Signal wanted) {
  if (!signal || weight(wanted) > weight(*signal)) signal = std::move(wanted);
}

bool Runtime::wait(const std::function<bool()>& done, Instant until) {
  while (!signal && !done()) {
    if (loop->now() >= until) return true;
    loop->run_once(until);
  }
  return !signal;
}

Status drop_rights(Runtime& runtime, const options::Config& config) {
  constexpr auto moment = system::PluginMoment::after_user;
  const options::Process& wanted = config.process;
  const bool all_stays = wanted.user.empty() && wanted.group.empty() && wanted.chroot.empty();
  if (runtime.rights_dropped || all_stays) return open_plugins(runtime, config, moment);
  const auto identity = system::look_up(wanted.user, wanted.group);
  if (!identity) return fail_with(identity.error());
  if (!wanted.chroot.empty()) {
    if (Status changed = system::change_root(wanted.chroot); !changed) return changed;
    runtime.store.keep_open_files();
    runtime.log.info(1, "chroot to '{}' and cd to '/' succeeded", wanted.chroot);
  }
  const auto lines = system::drop_to(*identity);
  if (!lines) return fail_with(lines.error());
  for (const std::string& line : *lines) runtime.log.info(1, "{}", line);
  runtime.rights_dropped = true;
  return open_plugins(runtime, config, moment);
}

namespace {

std::string status_document(const Runtime& runtime) {
  node::InstanceFacts facts;
  facts.role = runtime.role;
  facts.state = "between two connections";
  if (runtime.facts) facts = runtime.facts();
  facts.title = title();
  facts.crypto = runtime.engine.name;
  facts.pid = getpid();
  facts.configuration = runtime.configuration;
  facts.started = runtime.started;
  facts.now = runtime.loop->wall();
  facts.log = runtime.output.recent();
  return node::render_facts_json(facts);
}

options::ReloadReport reload_report(Runtime& runtime, const std::string& request) {
  const bool dry_run = request == options::reload_request(true);
  options::ReloadReport report;
  if (!dry_run && request != options::reload_request(false)) {
    report.errors.push_back("this adit does not know the request \"" + printable(request) + '"');
  } else if (runtime.reload) {
    report = runtime.reload(dry_run);
  } else if (runtime.role == "client") {
    report.errors.push_back(fmt::format(
        "this is a client, which reads its configuration again when it starts anew: kill -HUP {}",
        getpid()));
  } else {
    report.errors.emplace_back("it is between two runs; ask again in a moment");
  }
  report.pid = getpid();
  report.configuration = runtime.configuration;
  report.dry_run = dry_run;
  return report;
}

// While the process still may: later it has another user. Nothing depends on it.
void offer_status(Runtime& runtime, const options::Config& config) {
  runtime.role = config.mode == options::Mode::server ? "server" : "client";
  runtime.configuration = config.source;
  if (runtime.status || runtime.rights_dropped) return;
  auto opened = system::StatusSocket::open(*runtime.loop, system::status_folder(),
                                           [&runtime] { return status_document(runtime); });
  if (!opened) return runtime.log.debug(3, "adit status: {}", opened.error().text());
  runtime.status = std::move(*opened);
  auto requests = system::StatusSocket::open_for_requests(
      *runtime.loop, system::status_folder(), [&runtime](const std::string& request) {
        return options::render_json(reload_report(runtime, request));
      });
  if (!requests) return runtime.log.debug(3, "adit reload: {}", requests.error().text());
  runtime.requests = std::move(*requests);
}

}  // namespace

Status settle_process(Runtime& runtime, const options::Config& config) {
  if (config.process.nice) {
    if (Status set = system::set_nice(*config.process.nice); !set) return set;
  }
  // Under a service manager that listens, the process it started must stay.
  const bool stays = runtime.notifier.works();
  if (config.process.daemon && !runtime.daemonised) {
    const bool to_file = runtime.output.goes_to_file();
    if (!to_file) runtime.output.to_syslog(config.process.daemon_name);
    if (!stays) {
      const auto output =
          to_file ? system::DaemonOutput::unchanged : system::DaemonOutput::dev_null;
      if (Status gone = system::daemonise(output); !gone) return gone;
      runtime.output.leave_terminal();
    }
    runtime.daemonised = true;
  }
  constexpr auto moment = system::PluginMoment::after_daemon;
  if (Status opened = open_plugins(runtime, config, moment); !opened) return opened;
  if (config.process.mlock && !std::exchange(runtime.memory_locked, true)) {
    if (Status locked = system::lock_memory(); !locked) return locked;
    runtime.log.info(1, "mlockall call succeeded");
  }
  if (!config.process.write_pid.empty()) {
    if (Status written = system::write_pid_file(config.process.write_pid); !written) return written;
  }
  runtime.notifier.send("READY=1\nSTATUS=Pre-connection initialization successful\nMAINPID=" +
                        std::to_string(getpid()));
  keep_watchdog_quiet(runtime);
  offer_status(runtime, config);
  return {};
}

namespace {

void feed_watchdog(Runtime& runtime, Duration half) {
  runtime.loop->at(runtime.loop->now() + half, [&runtime, half] { feed_watchdog(runtime, half); });
  if (runtime.lanes_alive && !runtime.lanes_alive()) {
    runtime.log.error(
        "a thread of the data channel is stuck: the service manager's watchdog is "
        "left to act");
    return;
  }
  runtime.notifier.send("WATCHDOG=1");
}

}  // namespace

void keep_watchdog_quiet(Runtime& runtime) {
  if (runtime.watched) return;
  const auto period = system::watchdog_period();
  if (!period) return;
  runtime.watched = true;
  const Duration half = *period / 2;
  feed_watchdog(runtime, half);
  runtime.processes->while_waiting(half, [&runtime] { runtime.notifier.send("WATCHDOG=1"); });
}

RunEnd end_of(const Signal& signal, const options::Config& config) {
  using Usr1 = options::Process::Usr1;
  switch (signal.number) {
    case SIGHUP:
      return {RunEnd::Next::reread, 0};
    case SIGUSR1:
      if (config.process.remap_usr1 == Usr1::sighup) return {RunEnd::Next::reread, 0};
      if (config.process.remap_usr1 == Usr1::sigterm) return {RunEnd::Next::exit, 0};
      return {RunEnd::Next::restart, 0};
    default:
      return {RunEnd::Next::exit, signal.exit_status};
  }
}

}  // namespace adit::app
