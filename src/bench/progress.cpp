#include "bench/progress.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <sys/ioctl.h>
#include <unistd.h>

#include <fmt/core.h>

namespace adit::bench {

namespace {

using namespace std::chrono_literals;

constexpr Duration redraw_after = 100ms;
constexpr Duration line_after = 5s;
constexpr std::size_t bar_width = 24;

std::size_t columns() {
  winsize size{};
  const bool known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return known ? size.ws_col : 80;
}

}  // namespace

std::string bar(double share, std::size_t width) {
  const double part = std::clamp(share, 0.0, 1.0) * static_cast<double>(width);
  const auto full = static_cast<std::size_t>(std::floor(part));
  return "[" + std::string(full, '#') + std::string(width - full, '.') + "]";
}

Progress::Progress() : terminal_(isatty(STDERR_FILENO) != 0) {}

void Progress::show(double share, std::string_view text, Instant now) {
  if (now < next_) return;
  next_ = now + (terminal_ ? redraw_after : line_after);
  if (!terminal_) {
    fmt::print(stderr, "{}\n", text);
    return;
  }
  const std::string line = fmt::format("{} {}", bar(share, bar_width), text);
  fmt::print(stderr, "\r{}\x1b[K", line.substr(0, columns() - 1));
  std::fflush(stderr);
  drawn_ = true;
}

void Progress::say(std::string_view line) {
  clear();
  fmt::print(stderr, "{}\n", line);
}

void Progress::clear() {
  if (!drawn_) return;
  fmt::print(stderr, "\r\x1b[K");
  std::fflush(stderr);
  drawn_ = false;
}

}  // namespace adit::bench
