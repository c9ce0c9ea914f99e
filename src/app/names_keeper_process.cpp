// The process that looks after the resolver; see names_keeper.h.

#include <array>
#include <csignal>
#include <memory>
#include <optional>
#include <unistd.h>

#include "app/names_keeper.h"
#include "base/text.h"
#include "setup/names.h"
#include "system/process.h"

namespace adit::app {

namespace {

constexpr std::size_t largest_request = 1u << 20;
constexpr std::size_t most_answer = 1u << 12;

class Keeping {
 public:
  explicit Keeping(std::vector<std::string> script)
      : script_(std::move(script)), host_(setup::real_host()) {}

  void set(const std::string& request) {
    auto settings = setup::parse_name_settings(request);
    if (!settings) return warn(settings.error().text());
    if (set_ && (set_->by_script || set_->device != settings->device)) clear();
    const setup::NamesPlace place = setup::names_place(settings->device);
    if (!lock_) {
      lock_.emplace();
      if (!lock_->take(place, place.owner)) {
        lock_.reset();
        return warn("DNS settings: another process looks after those of " + settings->device);
      }
    }
    set_ = std::move(*settings);
    if (set_->by_script) return run_script("dns-up");
    const auto tell = [this](const std::string& line) { say('I', line); };
    if (Status done = setup::set_names(*host_, place, *set_, tell); !done) {
      warn("DNS settings: " + done.error().text());
    }
  }

  void clear() {
    if (!set_) return;
    if (set_->by_script) {
      run_script("dns-down");
    } else {
      const setup::NamesPlace place = setup::names_place(set_->device);
      const auto tell = [this](const std::string& line) { say('I', "DNS: " + line); };
      if (Status done = setup::clear_names(*host_, place, tell); !done) {
        warn("DNS settings: " + done.error().text());
      }
    }
    set_.reset();
    lock_.reset();
  }

  void say(char kind, const std::string& text) {
    std::string line{kind, ' '};
    for (const char c : text) line += c == '\n' ? ' ' : c;
    write_out(line + "\n");
  }
  void done() { write_out(".\n"); }

 private:
  void warn(const std::string& text) { say('W', text); }

  void run_script(const std::string& type) {
    ports::Command command{script_, set_->variables};
    std::erase_if(command.variables, [](const auto& one) { return one.first == "script_type"; });
    command.variables.emplace_back("script_type", type);
    const auto output =
        system::run_and_capture(command, most_answer, system::Captured::with_complaints);
    if (output && output->status == 0) return;
    warn("WARNING: Failed running command (--dns-updown): " +
         (output ? fmt::format("external program exited with error status: {}", output->status)
                 : output.error().text()));
  }

  // Nobody may listen any more.
  static void write_out(const std::string& text) {
    static_cast<void>(::write(STDIN_FILENO, text.data(), text.size()) < 0);
  }

  std::vector<std::string> script_;
  std::unique_ptr<setup::Host> host_;
  std::optional<ports::NameSettings> set_;
  std::optional<setup::NamesLock> lock_;
};

// False: whoever asked is gone.
bool read_line(std::string& rest, std::string& line) {
  std::array<char, 4096> room;
  for (;;) {
    const std::size_t end = rest.find('\n');
    if (end != std::string::npos) {
      line = rest.substr(0, end);
      rest.erase(0, end + 1);
      return true;
    }
    const ssize_t count = ::read(STDIN_FILENO, room.data(), room.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0 || rest.size() > largest_request) return false;
    rest.append(room.data(), static_cast<std::size_t>(count));
  }
}

}  // namespace

void recover_names(const Log& log) {
  const setup::NamesPlace place = setup::names_place("");
  const auto host = setup::real_host();
  setup::recover_names(
      *host, place,
      [&](const std::string& owner) { return setup::NamesLock::is_held(place, owner); },
      [&](const std::string& line) { log.info(1, "DNS: {}", line); });
}

// Signals are for the process that asks us; we end when it does.
int run_names_keeper(const std::vector<std::string>& script) {
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGPIPE}) {
    std::signal(number, SIG_IGN);
  }
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  Keeping keeping(script);
  std::string rest, line;
  while (read_line(rest, line)) {
    if (line == "clear") {
      keeping.clear();
    } else {
      keeping.set(line);
    }
    keeping.done();
  }
  keeping.clear();
  return 0;
}

}  // namespace adit::app
