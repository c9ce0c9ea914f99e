#include "system/process.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <optional>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/assert.h"
#include "system/clock.h"
#include "system/kernel_error.h"

namespace adit::system {

namespace {

constexpr Duration exit_look_interval = std::chrono::milliseconds(50);

// A null-terminated array of C strings that point into texts.
std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  result.reserve(texts.size() + 1);
  for (std::string& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

// What a child starts with: no signal blocked, ignored or caught, a process group of its own.
class Attributes {
 public:
  Attributes() {
    posix_spawnattr_init(&raw_);
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&raw_, &none);
    posix_spawnattr_setsigdefault(&raw_, &all);
    posix_spawnattr_setpgroup(&raw_, 0);
    posix_spawnattr_setflags(
        &raw_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  }
  ~Attributes() { posix_spawnattr_destroy(&raw_); }
  Attributes(const Attributes&) = delete;
  Attributes& operator=(const Attributes&) = delete;
  [[nodiscard]] const posix_spawnattr_t* raw() const { return &raw_; }

 private:
  posix_spawnattr_t raw_;
};

// Which files it starts with: nothing to read, our output or the given one, and nothing else.
class Files {
 public:
  Files(int output, Captured captured) {
    posix_spawn_file_actions_init(&raw_);
    posix_spawn_file_actions_addopen(&raw_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (output >= 0) posix_spawn_file_actions_adddup2(&raw_, output, STDOUT_FILENO);
    if (output >= 0 && captured == Captured::with_complaints) {
      posix_spawn_file_actions_adddup2(&raw_, output, STDERR_FILENO);
    }
    posix_spawn_file_actions_addclosefrom_np(&raw_, STDERR_FILENO + 1);
  }
  ~Files() { posix_spawn_file_actions_destroy(&raw_); }
  Files(const Files&) = delete;
  Files& operator=(const Files&) = delete;
  [[nodiscard]] const posix_spawn_file_actions_t* raw() const { return &raw_; }

 private:
  posix_spawn_file_actions_t raw_;
};

std::string advice_for_program(int error) {
  switch (error) {
    case ENOENT:
      return "check the path, and the interpreter in its first line";
    case EACCES:
      return "make it executable (\"chmod +x\"), also the directories above it";
    case ENOEXEC:
      return "a script needs a first line such as \"#!/bin/sh\"";
    default:
      return {};
  }
}

Result<pid_t> start(const ports::Command& command, int output = -1,
                    Captured captured = Captured::output) {
  ADIT_ASSERT(!command.argv.empty());
  std::vector<std::string> arguments = command.argv;
  std::vector<std::string> variables;
  for (const auto& [name, value] : command.variables) variables.push_back(name + "=" + value);
  const Attributes attributes;
  const Files files(output, captured);
  pid_t pid = 0;
  const int error = posix_spawn(&pid, arguments.front().c_str(), files.raw(), attributes.raw(),
                                pointers(arguments).data(), pointers(variables).data());
  if (error == 0) return pid;
  return kernel_refused(error, "cannot run " + command.argv.front(), advice_for_program(error));
}

// The C library's header for this call is not fit for C++.
int open_handle(pid_t pid) { return static_cast<int>(syscall(SYS_pidfd_open, pid, 0)); }

int exit_status(int raw) { return WIFSIGNALED(raw) ? 128 + WTERMSIG(raw) : WEXITSTATUS(raw); }

// Nothing: it still runs.
std::optional<int> ended(pid_t pid, int flags) {
  int raw = 0;
  pid_t result = 0;
  do {
    result = waitpid(pid, &raw, flags);
  } while (result < 0 && errno == EINTR);
  if (result == 0) return std::nullopt;
  return result == pid ? exit_status(raw) : 0;
}

int wait_for(pid_t pid) { return *ended(pid, 0); }

Result<int> killed_at(Duration limit) {
  return fail("it did not end within {} s and was killed",
              std::chrono::duration_cast<std::chrono::seconds>(limit).count());
}

std::string read_up_to(int fd, std::size_t limit) {
  std::string text;
  std::array<char, 4096> room;
  for (;;) {
    const ssize_t count = ::read(fd, room.data(), room.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return text;
    const auto kept = std::min(static_cast<std::size_t>(count), limit - text.size());
    text.append(room.data(), kept);
  }
}

}  // namespace

// Ignored, a signal inherited from whoever started us would swallow the exit status of children.
Processes::Processes(Loop& loop) : loop_(loop), alive_(std::make_shared<int>()) {
  signal(SIGCHLD, SIG_DFL);
}

Processes::~Processes() {
  for (auto& [pid, child] : children_) {
    let_go(child);
    kill(-pid, SIGKILL);
    wait_for(pid);
  }
}

void Processes::run(const ports::Command& command, Done done) {
  const Result<pid_t> pid = start(command);
  if (!pid) {
    loop_.post([error = pid.error(), done = std::move(done), alive = std::weak_ptr(alive_)] {
      if (!alive.expired()) done(fail_with(error));
    });
    return;
  }
  Child& child = children_[*pid];
  child.done = std::move(done);
  child.allowed = command.limit;
  follow(*pid, child);
  if (command.limit.count() > 0) end_at_limit(*pid, child);
  if (command.takes_long) {
    child.patience = loop_.at(loop_.now() + command.patience, command.takes_long);
  }
}

// Its group is its own: what it started goes with it.
void Processes::end_at_limit(pid_t pid, Child& child) {
  child.limit = loop_.at(loop_.now() + child.allowed, [this, pid] {
    children_.at(pid).overdue = true;
    kill(-pid, SIGKILL);
  });
}

void Processes::follow(pid_t pid, Child& child) {
  child.handle = Fd(open_handle(pid));
  if (child.handle &&
      loop_.watch(child.handle.get(), ready::to_read, [this, pid](unsigned) { collect(pid); })) {
    return;
  }
  child.handle.reset();
  look_again_later(pid);
}

void Processes::look_again_later(pid_t pid) {
  children_.at(pid).poll =
      loop_.at(loop_.now() + exit_look_interval, [this, pid] { collect(pid); });
}

void Processes::collect(pid_t pid) {
  const std::optional<int> status = ended(pid, WNOHANG);
  if (!status) {
    if (!children_.at(pid).handle) look_again_later(pid);
    return;
  }
  auto child = children_.extract(pid);
  let_go(child.mapped());
  const Child& ended_one = child.mapped();
  ended_one.done(ended_one.overdue ? killed_at(ended_one.allowed) : *status);
}

void Processes::let_go(Child& child) {
  if (child.handle) loop_.unwatch(child.handle.get());
  loop_.cancel(child.poll);
  loop_.cancel(child.limit);
  loop_.cancel(child.patience);
}

Result<int> Processes::run_and_wait(const ports::Command& command) {
  const Result<pid_t> pid = start(command);
  if (!pid) return fail_with(pid.error());
  const bool patient = while_waiting_ || command.limit.count() > 0;
  if (patient && !wait_patiently(*pid, command.limit)) {
    kill(-*pid, SIGKILL);
    wait_for(*pid);
    return killed_at(command.limit);
  }
  return wait_for(*pid);
}

// Until it has ended, or at once where the kernel gives no handle.
bool Processes::wait_patiently(pid_t pid, Duration limit) {
  const Fd handle(open_handle(pid));
  if (!handle) return true;
  Duration pause = while_waiting_ ? every_ : limit;
  if (limit.count() > 0) pause = std::min(pause, limit);
  const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(pause).count();
  const Instant end_at = monotonic_now() + limit;
  pollfd end{handle.get(), POLLIN, 0};
  for (;;) {
    const int ready = poll(&end, 1, static_cast<int>(milliseconds));
    if (ready > 0 || (ready < 0 && errno != EINTR)) return true;
    if (while_waiting_) while_waiting_();
    if (limit.count() > 0 && monotonic_now() >= end_at) return false;
  }
}

Result<Output> run_and_capture(const ports::Command& command, std::size_t limit,
                               Captured captured) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return kernel_refused(errno, "cannot make a pipe");
  const Fd from(ends[0]);
  Fd to(ends[1]);
  const Result<pid_t> pid = start(command, to.get(), captured);
  if (!pid) return fail_with(pid.error());
  to.reset();
  Output output;
  output.text = read_up_to(from.get(), limit);
  output.status = wait_for(*pid);
  return output;
}

}  // namespace adit::system
