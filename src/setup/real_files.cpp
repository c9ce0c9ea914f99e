#include "setup/real_files.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>

#include "system/fd.h"
#include "system/kernel_error.h"
#include "system/store.h"

namespace adit::setup::disk {

namespace {

namespace fs = std::filesystem;
using system::Fd;

constexpr std::size_t largest_file = 16u << 20;
constexpr unsigned permission_bits = 07777;

// Of one name always, so that what a killed run left is found again.
std::string unfinished(const std::string& path) { return path + ".adit-new"; }

std::string advice_for(int error) {
  switch (error) {
    case EACCES:
    case EPERM:
      return "run it as root";
    case EROFS:
      return "the file system is mounted read-only";
    case ENOSPC:
    case EDQUOT:
      return "free some room on that file system";
    default:
      return {};
  }
}

tl::unexpected<Error> refused(std::string_view verb, const std::string& path, int error) {
  return system::kernel_refused(error, fmt::format("cannot {} {}", verb, path), advice_for(error));
}

// Who may not give files away, as within the sandbox of a unit, or has no such user here keeps it.
int give(int fd, const Owner& owner) {
  struct stat now {};
  if (fstat(fd, &now) != 0) return errno;
  if (now.st_uid == owner.user && now.st_gid == owner.group) return 0;
  if (fchown(fd, owner.user, owner.group) == 0 || errno == EPERM || errno == EINVAL) return 0;
  return errno;
}

int fill(int fd, const File& file) {
  if (const int error = file.owner ? give(fd, *file.owner) : 0; error != 0) return error;
  if (fchmod(fd, file.mode) != 0) return errno;
  if (const int error = system::write_all(fd, file.text); error != 0) return error;
  return fsync(fd) == 0 ? 0 : errno;
}

// As on /etc/resolv.conf in most containers: nothing takes its place, and its folder may belong to
// others, who have a file of that name themselves. False also where the kernel cannot tell (before
// 5.8).
bool is_mounted_on(const std::string& path) {
  struct statx facts {};
  return statx(AT_FDCWD, path.c_str(), AT_SYMLINK_NOFOLLOW, 0, &facts) == 0 &&
         (facts.stx_attributes & facts.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) != 0;
}

int overwrite(const std::string& path, const File& file) {
  const Fd fd(::open(path.c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC));
  return fd ? fill(fd.get(), file) : errno;
}

// A rename or removal is safe only once the folder is on the disk.
void flush_folder_of(const std::string& path) {
  const std::string folder = fs::path(path).parent_path();
  const Fd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd) fsync(fd.get());
}

}  // namespace

Result<std::optional<File>> read(const std::string& path) {
  if (system::is_written_through(path)) return std::optional<File>{};  // a pipe would be waited for
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd && (errno == ENOENT || errno == ENOTDIR)) return std::optional<File>{};
  if (!fd) return refused("read", path, errno);
  struct stat facts {};
  if (fstat(fd.get(), &facts) != 0) return refused("read", path, errno);
  File file{{}, facts.st_mode & permission_bits, Owner{facts.st_uid, facts.st_gid}};
  std::array<char, 16384> room;
  for (;;) {
    const ssize_t count = ::read(fd.get(), room.data(), room.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return refused("read", path, errno);
    if (count == 0) return std::optional(std::move(file));
    file.text.append(room.data(), static_cast<std::size_t>(count));
    if (file.text.size() > largest_file) return refused("read", path, EFBIG);
  }
}

Status write(const std::string& path, const File& file) {
  if (system::is_written_through(path)) {
    return system::write_file_atomically(path, file.text, file.mode);
  }
  if (is_mounted_on(path)) {
    const int error = overwrite(path, file);
    return error == 0 ? Status{} : refused("write", path, error);
  }
  const std::string fresh = unfinished(path);
  unlink(fresh.c_str());
  const Fd fd(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR));
  if (!fd) return refused("create", fresh, errno);
  int error = fill(fd.get(), file);
  if (error == 0 && rename(fresh.c_str(), path.c_str()) != 0) error = errno;
  if (error == EBUSY) {
    unlink(fresh.c_str());
    error = overwrite(path, file);
  }
  if (error != 0) {
    unlink(fresh.c_str());
    return refused("write", path, error);
  }
  flush_folder_of(path);
  return {};
}

Status remove(const std::string& path) {
  if (unlink(path.c_str()) != 0 && errno != ENOENT && errno != ENOTDIR) {
    return refused("remove", path, errno);
  }
  flush_folder_of(path);
  return {};
}

void sweep(const std::string& path) {
  if (!is_mounted_on(path)) unlink(unfinished(path).c_str());
}

std::optional<unsigned> folder(const std::string& path) {
  struct stat facts {};
  if (stat(path.c_str(), &facts) != 0 || !S_ISDIR(facts.st_mode)) return std::nullopt;
  return facts.st_mode & permission_bits;
}

Status make_folder(const std::string& path, unsigned mode) {
  std::error_code failed;
  const std::string parent = fs::path(path).parent_path();
  if (!parent.empty()) fs::create_directories(parent, failed);
  if (mkdir(path.c_str(), mode) != 0 && errno != EEXIST) return refused("make folder", path, errno);
  if (chmod(path.c_str(), mode) != 0) return refused("set the mode of", path, errno);
  return {};
}

Status remove_folder(const std::string& path) {
  const bool gone = rmdir(path.c_str()) == 0 || errno == ENOENT || errno == ENOTEMPTY;
  if (!gone) return refused("remove folder", path, errno);
  return {};
}

Status remove_tree(const std::string& path) {
  std::error_code failed;
  fs::remove_all(path, failed);
  if (failed) return refused("remove", path, failed.value());
  return {};
}

std::vector<std::string> files_in(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code failed;
  for (auto at = fs::directory_iterator(folder, failed); !failed && at != fs::directory_iterator();
       at.increment(failed)) {
    std::error_code unknown;
    if (at->is_regular_file(unknown)) names.push_back(at->path().filename());
  }
  std::ranges::sort(names);
  return names;
}

}  // namespace adit::setup::disk
