#include "system/terminal.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "system/fd.h"
#include "system/kernel_error.h"
#include "system/process.h"

namespace adit::system {

namespace {

constexpr const char* own_terminal = "/dev/tty";
constexpr const char* password_agent = "/usr/bin/systemd-ask-password";
constexpr const char* service_manager_is_there = "/run/systemd/system";
constexpr std::size_t longest_answer = 4096;

sigset_t set_of(std::initializer_list<int> signals) {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : signals) sigaddset(&set, number);
  return set;
}

// Where to ask: one terminal, or standard input and standard error.
struct Ends {
  int in, out;
};

// Holds back the signals that would end or stop the process while its terminal does not echo.
// Those that end it are seen through fd() and take effect once this object is gone.
class HeldSignals {
 public:
  HeldSignals() {
    const sigset_t ending = set_of({SIGINT, SIGTERM, SIGHUP, SIGQUIT});
    const sigset_t stopping = set_of({SIGTSTP, SIGTTOU, SIGTTIN});
    pthread_sigmask(SIG_BLOCK, &ending, &before_);
    pthread_sigmask(SIG_BLOCK, &stopping, nullptr);
    fd_ = Fd(signalfd(-1, &ending, SFD_NONBLOCK | SFD_CLOEXEC));
  }
  ~HeldSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  HeldSignals(const HeldSignals&) = delete;
  HeldSignals& operator=(const HeldSignals&) = delete;
  [[nodiscard]] int fd() const { return fd_.get(); }

 private:
  sigset_t before_{};
  Fd fd_;
};

class EchoOff {
 public:
  EchoOff(int terminal, bool echo) : terminal_(terminal) {
    if (tcgetattr(terminal_, &before_) != 0) return;
    termios now = before_;
    now.c_lflag |= ICANON | ISIG;
    if (!echo) now.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    changed_ = tcsetattr(terminal_, TCSAFLUSH, &now) == 0;
  }
  ~EchoOff() {
    if (changed_) tcsetattr(terminal_, TCSANOW, &before_);
  }
  EchoOff(const EchoOff&) = delete;
  EchoOff& operator=(const EchoOff&) = delete;
  [[nodiscard]] bool works() const { return changed_; }

 private:
  int terminal_;
  termios before_{};
  bool changed_ = false;
};

void say(int terminal, std::string_view text) {
  if (::write(terminal, text.data(), text.size()) < 0) return;  // the answer may come all the same
}

// False: it is interrupted.
bool wait_for_input(int in, int signals) {
  std::array<pollfd, 2> waits{pollfd{in, POLLIN, 0}, pollfd{signals, POLLIN, 0}};
  while (poll(waits.data(), waits.size(), -1) < 0 && errno == EINTR) {
  }
  return waits[1].revents == 0;
}

// Byte by byte: what comes after the line is for the next question.
Result<SecretText> read_line(int in, int signals) {
  std::array<char, longest_answer> line;
  std::size_t size = 0;
  Status done;
  while (done && size < line.size()) {
    const bool waited = wait_for_input(in, signals);
    const ssize_t count = waited ? ::read(in, &line[size], 1) : 0;
    if (!waited) {
      done = fail("interrupted while asking on the terminal");
    } else if (count < 0) {
      done = kernel_refused(errno, "cannot read from the terminal");
    } else if (count == 0 && size == 0) {
      done = fail("the terminal gave no answer");
    } else if (count == 0 || line[size] == '\n') {
      break;
    } else {
      ++size;
    }
  }
  SecretText answer{std::string(line.data(), size)};
  explicit_bzero(line.data(), line.size());
  if (!done) return fail_with(done.error());
  return answer;
}

Result<SecretText> ask_between(Ends ends, const std::string& where, const std::string& prompt,
                               bool echo) {
  const HeldSignals held;
  const EchoOff quiet(ends.in, echo);
  if (!quiet.works() && ends.in == ends.out) return kernel_refused(errno, "cannot ask on " + where);
  say(ends.out, prompt + " ");
  Result<SecretText> answer = read_line(ends.in, held.fd());
  if (!echo || !answer) say(ends.out, "\n");
  return answer;
}

bool service_manager_can_ask() {
  return access(service_manager_is_there, F_OK) == 0 && access(password_agent, X_OK) == 0;
}

Result<SecretText> ask_service_manager(const std::string& prompt, bool echo) {
  ports::Command command;
  command.argv = {password_agent, "--icon", "network-vpn", "--timeout=0"};
  if (echo) command.argv.emplace_back("--echo");
  command.argv.push_back(prompt);
  Result<Output> output = run_and_capture(command, longest_answer);
  if (!output) return fail_with(std::move(output.error()));
  if (output->status != 0) {
    return fail("{} gave no answer to \"{}\" (exit status {})", password_agent, prompt,
                output->status);
  }
  if (output->text.ends_with('\n')) output->text.pop_back();
  SecretText answer(output->text);
  explicit_bzero(output->text.data(), output->text.size());
  return answer;
}

}  // namespace

Result<SecretText> ask_on(const std::string& terminal, const std::string& prompt, bool echo) {
  const Fd fd(::open(terminal.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!fd) return kernel_refused(errno, "cannot open " + terminal);
  return ask_between({fd.get(), fd.get()}, terminal, prompt, echo);
}

Result<SecretText> ask(const std::string& prompt, bool echo) {
  const bool has_terminal = Fd(::open(own_terminal, O_RDWR | O_NOCTTY | O_CLOEXEC)).get() >= 0;
  if (has_terminal) return ask_on(own_terminal, prompt, echo);
  if (service_manager_can_ask()) return ask_service_manager(prompt, echo);
  // Somebody may sit there all the same, and what is piped in answers.
  if (isatty(STDIN_FILENO) == 1 || isatty(STDERR_FILENO) == 1) {
    return ask_between({STDIN_FILENO, STDERR_FILENO}, "standard input", prompt, echo);
  }
  return fail_with({fmt::format("cannot ask \"{}\": there is no terminal", prompt),
                    "give the answer in a file (\"auth-user-pass FILE\", \"askpass FILE\")"});
}

Result<Credentials> ask_credentials(const std::string& kind) {
  const auto user = ask(fmt::format("Enter {} Username:", kind), true);
  if (!user) return fail_with(user.error());
  const auto password = ask(fmt::format("Enter {} Password:", kind), false);
  if (!password) return fail_with(password.error());
  return Credentials{user->reveal(), *password};
}

}  // namespace adit::system
