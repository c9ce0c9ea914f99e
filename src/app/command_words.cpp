#include "app/command_words.h"

#include <algorithm>
#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <iostream>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/text.h"
#include "setup/lock.h"
#include "setup/show.h"
#include "system/clock.h"
#include "system/terminal.h"

namespace adit::app {

namespace {

constexpr const char* root_lock = "/run/adit-setup.lock";

}  // namespace

int complain(const Error& error, int status) {
  std::fprintf(stderr, "adit: %s\n", error.text().c_str());
  return status;
}

int complain_all(const std::vector<Error>& errors, bool told) {
  for (const Error& error : errors) static_cast<void>(complain(error));
  if (told) tell("Nothing was changed.");
  return exit_failure;
}

void tell(const std::string& line) {
  std::printf("%s\n", line.c_str());
  std::fflush(stdout);
}

void indent(const std::string& line) { tell("  " + line); }

void tell_notes(const std::vector<std::string>& notes) {
  for (const std::string& note : notes) tell("note: " + note);
}

void show_dry_run(const std::vector<setup::Step>& steps, const std::vector<std::string>& notes) {
  const std::string text = setup::show_plan(steps);
  std::fputs(text.empty() ? "Nothing would be changed.\n" : text.c_str(), stdout);
  tell_notes(notes);
}

std::string absolute_dir(const std::string& dir) {
  std::error_code failed;
  std::string path = std::filesystem::absolute(dir, failed).lexically_normal();
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path;
}

std::string own_path() {
  std::error_code failed;
  const std::string path = std::filesystem::read_symlink("/proc/self/exe", failed);
  return failed ? "/usr/sbin/adit" : path;
}

Result<ip::Prefix> network_of(const std::string& option, const std::string& word) {
  const auto prefix = ip::Prefix::parse(word);
  if (prefix && ip::Address::parse(word.substr(0, word.find('/'))) == prefix->address) {
    return *prefix;
  }
  const auto slash = word.find('/');
  const auto address = ip::Address::parse(word.substr(0, slash));
  const auto length = slash == std::string::npos
                          ? std::nullopt
                          : to_number<std::uint8_t>(std::string_view(word).substr(slash + 1));
  if (address && length && *length <= address->bits()) {
    return fail_with({fmt::format("{}: {} is an address in a network, not a network", option, word),
                      "meant is " + ip::Prefix::of(*address, *length).text()});
  }
  return fail_with({fmt::format("{}: \"{}\" is not a network", option, printable(word)),
                    "write it as 192.168.1.0/24 or fd00::/64"});
}

Result<std::vector<ip::Prefix>> networks_of(const std::string& option,
                                            const std::vector<std::string>& words) {
  std::vector<ip::Prefix> networks;
  for (const std::string& word : words) {
    for (const std::string_view part : split(word, ',')) {
      if (trim(part).empty() || part == "none") continue;
      const auto network = network_of(option, std::string(trim(part)));
      if (!network) return fail_with(network.error());
      networks.push_back(*network);
    }
  }
  return networks;
}

std::optional<Screen> screen() {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return std::nullopt;
  return Screen{size.ws_col, size.ws_row};
}

std::size_t text_columns(std::size_t least, std::size_t most) {
  const auto found = screen();
  return found ? std::clamp(found->columns, least, most) : 0;
}

bool is_dialogue() { return isatty(STDIN_FILENO) != 0 && isatty(STDOUT_FILENO) != 0; }

std::string ask_line(const std::string& question, const std::string& usual) {
  std::printf("%s [%s] ", question.c_str(), usual.c_str());
  std::fflush(stdout);
  std::string line;
  if (!std::getline(std::cin, line)) return usual;
  const std::string answer(trim(line));
  return answer.empty() ? usual : answer;
}

bool ask_yes(const std::string& question, bool usual) {
  const std::string answer = ask_line(question, usual ? "Y/n" : "y/N");
  if (answer == "Y/n" || answer == "y/N") return usual;
  return answer.front() == 'y' || answer.front() == 'Y';
}

system::Fd lock_dir(const std::string& dir) {
  // Not the folder, which anybody who can read it could hold.
  if (geteuid() == 0) {
    auto held = setup::hold_lock(root_lock, [](const std::string& holder) {
      std::fprintf(stderr, "adit: waiting until %s is done\n", holder.c_str());
    });
    if (held) return held;
  }
  std::filesystem::path folder = dir;
  std::error_code unknown;
  while (!std::filesystem::is_directory(folder, unknown) && folder.has_relative_path()) {
    folder = folder.parent_path();
  }
  system::Fd fd(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  while (fd && flock(fd.get(), LOCK_EX) != 0 && errno == EINTR) {
  }
  return fd;
}

Result<setup::Journal> open_journal(setup::Host& host, const std::string& dir,
                                    const std::string& owner, bool repair) {
  auto journal = setup::Journal::open(host, setup::state_folder(dir), owner);
  if (!journal || !repair) return journal;
  if (Status whole = setup::recover(host, *journal); !whole) return fail_with(whole.error());
  return journal;
}

Status end_process(setup::Host& host, int pid, const std::string& what) {
  if (host.end(pid)) return {};
  return fail_with(
      {fmt::format("{} (pid {}) does not end", what, pid), fmt::format("end it: kill -9 {}", pid)});
}

setup::PkiCertificates certificates_of(const std::string& dir, Rng& rng) {
  return {dir + "/pki", rng, system::wall_now(),
          [](const std::string& file) -> std::optional<SecretText> {
            auto answer = system::ask("Passphrase of " + file + ":", false);
            if (!answer) return std::nullopt;
            return std::move(*answer);
          }};
}

}  // namespace adit::app
