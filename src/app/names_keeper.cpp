#include "app/names_keeper.h"

#include <array>
#include <cerrno>
#include <chrono>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "setup/names.h"
#include "system/kernel_error.h"

extern char** environ;

namespace adit::app {

namespace {

using Clock = std::chrono::steady_clock;

constexpr auto keeper_patience = std::chrono::seconds(12);
constexpr std::size_t largest_turn = 1u << 16;
constexpr const char* done_line = ".";

bool send_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

}  // namespace

NamesKeeper::~NamesKeeper() { let_go(); }

// One that runs knows another program: a new one takes its place when it is needed.
void NamesKeeper::adopt(const options::Scripts& scripts) {
  if (scripts.dns_updown.words == script_) return;
  script_ = scripts.dns_updown.words;
  let_go();
}

void NamesKeeper::prepare() { static_cast<void>(channel_ || start()); }

// Its end of the socket becomes its standard input; nothing else of ours is inherited.
bool NamesKeeper::start() {
  let_go();
  std::array<int, 2> ends{};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    log_.error("DNS settings: {}", system::reason(errno));
    return false;
  }
  channel_ = system::Fd(ends[0]);
  const system::Fd theirs(ends[1]);
  std::vector<std::string> words{"adit", names_keeper_word};
  words.insert(words.end(), script_.begin(), script_.end());
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_adddup2(&actions, theirs.get(), STDIN_FILENO);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
  const int failed =
      posix_spawn(&pid_, "/proc/self/exe", &actions, &attributes, argv.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (failed == 0) return true;
  pid_ = -1;
  channel_.reset();
  log_.error("DNS settings: cannot start the process that sets them: {}", system::reason(failed));
  return false;
}

void NamesKeeper::set(const ports::NameSettings& settings) {
  if (!channel_ && !start()) return;
  ask(setup::render(settings));
}

void NamesKeeper::clear() {
  if (channel_) ask("clear");
}

void NamesKeeper::ask(const std::string& line) {
  std::string rest;
  if (send_all(channel_.get(), line + "\n") && hear(rest)) return;
  log_.error("DNS settings: the process that sets them does not answer");
  channel_.reset();
}

// Until it says that it is done. False: it is gone, or takes too long.
bool NamesKeeper::hear(std::string& rest) {
  const auto until = Clock::now() + keeper_patience;
  std::array<char, 4096> room;
  for (;;) {
    for (std::size_t end = rest.find('\n'); end != std::string::npos; end = rest.find('\n')) {
      const std::string line = rest.substr(0, end);
      rest.erase(0, end + 1);
      if (line == done_line) return true;
      tell(line);
    }
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now());
    pollfd wait{channel_.get(), POLLIN, 0};
    if (left.count() <= 0 || poll(&wait, 1, static_cast<int>(left.count())) == 0) return false;
    const ssize_t count = ::recv(channel_.get(), room.data(), room.size(), MSG_DONTWAIT);
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (count <= 0 || rest.size() > largest_turn) return false;
    rest.append(room.data(), static_cast<std::size_t>(count));
  }
}

// "I text", "W text"
void NamesKeeper::tell(std::string_view line) {
  if (line.size() < 2) return;
  const std::string text = printable(line.substr(2));
  if (line.front() == 'W') {
    log_.warn("{}", text);
  } else {
    log_.info(1, "{}", text);
  }
}

// It undoes what it did when it hears nobody any more.
void NamesKeeper::let_go() {
  channel_.reset();
  if (pid_ < 0) return;
  const auto until = Clock::now() + keeper_patience;
  while (waitpid(pid_, nullptr, WNOHANG) == 0 && Clock::now() < until) usleep(2000);
  pid_ = -1;
}

}  // namespace adit::app
