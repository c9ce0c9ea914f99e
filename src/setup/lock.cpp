#include "setup/lock.h"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <fmt/format.h>

#include "base/text.h"
#include "setup/own_files.h"
#include "system/store.h"

namespace adit::setup {

namespace {

bool flock_through(int fd, int operation) {
  while (flock(fd, operation) != 0) {
    if (errno != EINTR) return false;
  }
  return true;
}

std::string holder_of(int fd) {
  std::array<char, 32> room{};
  const ssize_t count = pread(fd, room.data(), room.size(), 0);
  const std::string_view text(room.data(), count > 0 ? static_cast<std::size_t>(count) : 0);
  const auto pid = to_number<int>(trim(text));
  return pid ? fmt::format("another adit command (pid {})", *pid) : "another adit command";
}

}  // namespace

system::Fd hold_lock(const std::string& path,
                     const std::function<void(const std::string& holder)>& waits) {
  system::Fd fd(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, private_file));
  if (!fd) return fd;
  if (!flock_through(fd.get(), LOCK_EX | LOCK_NB)) {
    waits(holder_of(fd.get()));
    if (!flock_through(fd.get(), LOCK_EX)) return {};
  }
  // For who waits for us; what cannot be written is only not told.
  static_cast<void>(ftruncate(fd.get(), 0) == 0 &&
                    system::write_all(fd.get(), std::to_string(getpid()) + "\n") == 0);
  return fd;
}

}  // namespace adit::setup
