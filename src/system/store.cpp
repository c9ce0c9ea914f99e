#include "system/store.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>

#include "system/kernel_error.h"

namespace adit::system {

int write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(fd, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return 0;
}

namespace {

constexpr std::size_t largest_file = 64u
                                     << 20;  // a config, key or list; never a device without end
constexpr unsigned most_names = 64;

std::string advice_for_file(int error) {
  switch (error) {
    case ENOENT:
      return "check the path";
    case EACCES:
    case EPERM:
      return "check who may read and write it, and the directories above it";
    case ENOSPC:
    case EDQUOT:
      return "free some room on that file system";
    case EROFS:
      return "the file system is mounted read-only; choose another place";
    default:
      return {};
  }
}

tl::unexpected<Error> refused(std::string_view verb, const std::string& path, int error) {
  return kernel_refused(error, fmt::format("cannot {} {}", verb, path), advice_for_file(error));
}

int write_from_start(int fd, std::string_view text) {
  if (lseek(fd, 0, SEEK_SET) < 0) return errno;
  if (const int error = write_all(fd, text); error != 0) return error;
  return ftruncate(fd, static_cast<off_t>(text.size())) == 0 ? 0 : errno;
}

std::string folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// A rename is safe only once the folder is on the disk.
void flush_folder(const std::string& folder) {
  const Fd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd) fsync(fd.get());
}

bool same_file(int fd, const std::string& path) {
  struct stat ours {
  }, theirs{};
  return fstat(fd, &ours) == 0 && stat(path.c_str(), &theirs) == 0 &&
         ours.st_ino == theirs.st_ino && ours.st_dev == theirs.st_dev;
}

}  // namespace

Result<std::string> Store::read(const std::string& path) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return refused("open", path, errno);
  std::string text;
  std::array<char, 16384> room;
  for (;;) {
    const ssize_t count = ::read(fd.get(), room.data(), room.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return refused("read", path, errno);
    if (count == 0) return text;
    text.append(room.data(), static_cast<std::size_t>(count));
    if (text.size() > largest_file) return refused("read", path, EFBIG);
  }
}

Status Store::rewrite(const std::string& path, std::string_view text) {
  Fd& fd = open_[path];
  if (!fd || (!fixed_ && !same_file(fd.get(), path))) {
    Fd fresh(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, private_mode));
    if (!fresh && !fd) return refused("open", path, errno);
    if (fresh) fd = std::move(fresh);  // otherwise the old file, moved away, still serves
  }
  const int error = write_from_start(fd.get(), text);
  if (error != 0) return refused("write", path, error);
  return {};
}

bool Store::exists(const std::string& path) { return access(path.c_str(), F_OK) == 0; }

std::vector<std::string> Store::list(const std::string& folder, std::size_t most) {
  std::vector<std::string> names;
  std::error_code error;
  for (auto entry = std::filesystem::directory_iterator(folder, error);
       !error && entry != std::filesystem::directory_iterator() && names.size() < most;
       entry.increment(error)) {
    std::string name = entry->path().filename();
    std::error_code unknown;
    if (!name.starts_with('.') && entry->is_regular_file(unknown)) names.push_back(std::move(name));
  }
  std::ranges::sort(names);
  return names;
}

std::optional<std::uint64_t> Store::version(const std::string& path) {
  struct stat facts {};
  if (stat(path.c_str(), &facts) != 0) return std::nullopt;
  const Look look{facts.st_mtim.tv_sec * std::int64_t{1'000'000'000} + facts.st_mtim.tv_nsec,
                  facts.st_size, facts.st_ino};
  Seen& seen = seen_[path];
  if (seen.version == 0 || seen.look != look) seen = {look, seen.version + 1};
  return seen.version;
}

Result<std::string> Store::create_temporary(const std::string& dir, std::string_view tag,
                                            std::string_view text) {
  std::string path;
  Fd fd;
  for (unsigned attempt = 0; attempt < most_names && !fd; ++attempt) {
    path = fmt::format("{}/openvpn_{}_{:x}{:x}.tmp", dir, tag, rng_.number(), rng_.number());
    fd = Fd(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, private_mode));
    if (!fd && errno != EEXIST) break;
  }
  if (!fd) {
    const int error = errno;
    return kernel_refused(error, "cannot create a temporary file in " + dir,
                          "\"tmp-dir\" names the directory; it must exist and be writable");
  }
  if (const int error = write_all(fd.get(), text); error != 0) {
    unlink(path.c_str());
    return refused("write", path, error);
  }
  return path;
}

void Store::remove(const std::string& path) {
  unlink(path.c_str());
  open_.erase(path);
  seen_.erase(path);
}

namespace {

// Where a link leads, if the kernel follows it: not one that somebody else left in /tmp
// (fs.protected_symlinks). Else the path itself.
std::string behind_links(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::is_symlink(path, error)) return path;
  const Fd fd(::open(path.c_str(), O_PATH | O_CLOEXEC));
  if (!fd) return path;
  const auto found =
      std::filesystem::read_symlink(fmt::format("/proc/self/fd/{}", fd.get()), error);
  return error ? path : found.string();
}

bool is_standard_output(const std::string& path) {
  std::error_code error;
  return std::filesystem::is_symlink(path, error) && same_file(STDOUT_FILENO, path);
}

Status write_through(const std::string& path, std::string_view text) {
  std::fflush(stdout);
  // O_CREAT: so the kernel refuses a pipe that somebody else left in /tmp (fs.protected_fifos).
  const bool own = is_standard_output(path);
  const Fd fd(own ? dup(STDOUT_FILENO)
                  : ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, private_mode));
  if (!fd) return refused("open", path, errno);
  const int error = write_all(fd.get(), text);
  return error == 0 ? Status{} : refused("write", path, error);
}

}  // namespace

bool is_written_through(const std::string& path) {
  struct stat facts {};
  if (stat(path.c_str(), &facts) != 0) return false;
  return (!S_ISREG(facts.st_mode) && !S_ISDIR(facts.st_mode)) || is_standard_output(path);
}

Status write_file_atomically(const std::string& given, std::string_view text, unsigned mode) {
  if (is_written_through(given)) return write_through(given, text);
  const std::string path = behind_links(given);
  std::string fresh = path + ".XXXXXX";
  const Fd fd(mkostemp(fresh.data(), O_CLOEXEC));
  if (!fd) return refused("create a file next to", path, errno);
  int error = write_all(fd.get(), text);
  if (error == 0 && fchmod(fd.get(), mode) != 0) error = errno;
  if (error == 0 && fsync(fd.get()) != 0) error = errno;
  if (error == 0 && rename(fresh.c_str(), path.c_str()) != 0) error = errno;
  if (error != 0) {
    unlink(fresh.c_str());
    return refused("write", path, error);
  }
  flush_folder(folder_of(path));
  return {};
}

}  // namespace adit::system
