#include "pki/disk.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <sys/file.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace adit::pki {

namespace {

constexpr std::string_view lock_file = ".adit-lock";
constexpr std::string_view temporary_prefix = ".adit-new-";

const char* advice_for(int error) {
  switch (error) {
    case EACCES:
    case EPERM:
      return "run the command as the owner of the directory, often root";
    case ENOSPC:
    case EDQUOT:
      return "free some room on that file system and repeat the command";
    case EROFS:
      return "the file system is mounted read-only; choose another directory";
    case ENOENT:
      return "check the path; \"adit pki init\" makes a new directory";
    default:
      return "";
  }
}

Error failure(std::string_view verb, const std::string& path, int error) {
  return {fmt::format("cannot {} {}: {}", verb, path, std::generic_category().message(error)),
          advice_for(error)};
}

std::string parent_of(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

int write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return -1;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

// The room is taken once, so that no outgrown copy of a secret stays behind.
Result<SecretText> read_all(int fd, const std::string& path) {
  struct stat facts {};
  if (fstat(fd, &facts) < 0) return fail_with(failure("look at", path, errno));
  if (!S_ISREG(facts.st_mode)) return fail("cannot read {}: it is not a regular file", path);
  std::string text(static_cast<std::size_t>(facts.st_size), '\0');
  std::size_t have = 0;
  while (have < text.size()) {
    const ssize_t got = ::read(fd, text.data() + have, text.size() - have);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_with(failure("read", path, errno));
    if (got == 0) break;
    have += static_cast<std::size_t>(got);
  }
  text.resize(have);
  return SecretText(std::move(text));
}

}  // namespace

Descriptor::~Descriptor() {
  if (fd_ >= 0) ::close(fd_);
}

Result<Disk> Disk::create(std::string root, WatchStep watch) {
  while (root.size() > 1 && root.ends_with('/')) root.pop_back();
  std::error_code error;
  const std::string parent = parent_of(root);
  std::filesystem::create_directories(parent, error);
  if (error) return fail_with(failure("make the directory", parent, error.value()));
  if (::mkdir(root.c_str(), folder_mode) < 0 && errno != EEXIST) {
    return fail_with(failure("make the directory", root, errno));
  }
  return open(std::move(root), std::move(watch));
}

Result<Disk> Disk::open(std::string root, WatchStep watch) {
  Disk disk(std::move(root), std::move(watch));
  const std::string path = disk.path_of(lock_file);
  disk.lock_ = Descriptor(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, private_mode));
  if (disk.lock_.number() < 0) return fail_with(failure("open the lock file", path, errno));
  while (::flock(disk.lock_.number(), LOCK_EX) < 0) {
    if (errno != EINTR) return fail_with(failure("lock", path, errno));
  }
  return disk;
}

Disk Disk::look(std::string root) {
  return Disk(std::move(root), [](std::string_view) { return EROFS; });
}

bool Disk::exists(std::string_view file) const {
  return ::access(path_of(file).c_str(), F_OK) == 0;
}

Result<SecretText> Disk::read(std::string_view file) const {
  const std::string path = path_of(file);
  const Descriptor in(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (in.number() < 0) return fail_with(failure("read", path, errno));
  return read_all(in.number(), path);
}

std::vector<std::string> Disk::files_in(std::string_view folder) const {
  std::vector<std::string> files;
  std::error_code error;
  for (std::filesystem::directory_iterator at(path_of(folder), error), end; !error && at != end;
       at.increment(error)) {
    std::error_code ignored;
    if (at->is_regular_file(ignored)) files.push_back(at->path().filename().string());
  }
  std::ranges::sort(files);
  return files;
}

std::string Disk::path_of(std::string_view file) const { return fmt::format("{}/{}", root_, file); }

Status Disk::make_folder(std::string_view folder) {
  const std::string path = path_of(folder);
  if (exists(folder)) return {};
  return attempt("make the directory", path, [&] { return ::mkdir(path.c_str(), folder_mode); })
      .and_then([&] { return flush_folder_of(path); });
}

Status Disk::write(std::string_view file, std::string_view text, mode_t mode) {
  const std::string path = path_of(file);
  std::string temporary = fmt::format("{}/{}XXXXXX", parent_of(path), temporary_prefix);
  Status done = fill(path, temporary, text, mode).and_then([&] {
    return attempt("replace", path, [&] { return ::rename(temporary.c_str(), path.c_str()); });
  });
  if (!done) {
    ::unlink(temporary.c_str());
    return done;
  }
  return flush_folder_of(path);
}

Status Disk::move(std::string_view from, std::string_view to) {
  if (!exists(from)) return {};
  const std::string source = path_of(from);
  const std::string target = path_of(to);
  return attempt("move", source, [&] { return ::rename(source.c_str(), target.c_str()); })
      .and_then([&] { return flush_folder_of(target); })
      .and_then([&] { return flush_folder_of(source); });
}

Status Disk::remove(std::string_view file) {
  if (!exists(file)) return {};
  const std::string path = path_of(file);
  return attempt("remove", path, [&] { return ::unlink(path.c_str()); }).and_then([&] {
    return flush_folder_of(path);
  });
}

Status Disk::clear() {
  std::error_code error;
  for (std::filesystem::directory_iterator at(root_, error), end; !error && at != end;
       at.increment(error)) {
    if (at->path().filename() == lock_file) continue;
    std::filesystem::remove_all(at->path(), error);
  }
  return error ? Status(fail_with(failure("empty", root_, error.value()))) : Status{};
}

// rename() takes the place of an empty directory only.
Status Disk::become(std::string root) {
  const std::string lock = fmt::format("{}/{}", root, lock_file);
  if (::access(lock.c_str(), F_OK) == 0) {
    const Status done = attempt("remove", lock, [&] { return ::unlink(lock.c_str()); });
    if (!done) return done;
  }
  return attempt("move", root_, [&] { return ::rename(root_.c_str(), root.c_str()); })
      .and_then([&] { return flush_folder_of(root); })
      .and_then([&] {
        root_ = std::move(root);
        return Status{};
      });
}

Status Disk::sweep(std::string_view folder) {
  for (const std::string& file : files_in(folder)) {
    if (!file.starts_with(temporary_prefix)) continue;
    if (auto done = remove(fmt::format("{}/{}", folder, file)); !done) return done;
  }
  return {};
}

Status Disk::attempt(std::string_view verb, const std::string& path,
                     const std::function<int()>& call) const {
  if (const int injected = watch_ ? watch_(verb) : 0; injected != 0) {
    return fail_with(failure(verb, path, injected));
  }
  while (call() < 0) {
    if (errno != EINTR) return fail_with(failure(verb, path, errno));
  }
  return {};
}

// Leaves the text, on the disk, in a temporary file beside the path.
Status Disk::fill(const std::string& path, std::string& temporary, std::string_view text,
                  mode_t mode) const {
  Descriptor out;
  return attempt("make a temporary file for", path,
                 [&] {
                   out = Descriptor(::mkostemp(temporary.data(), O_CLOEXEC));
                   return out.number();
                 })
      .and_then(
          [&] { return attempt("write", path, [&] { return write_all(out.number(), text); }); })
      .and_then([&] {
        return attempt("set the mode of", path, [&] { return ::fchmod(out.number(), mode); });
      })
      .and_then([&] { return attempt("flush", path, [&] { return ::fsync(out.number()); }); });
}

Status Disk::flush_folder_of(const std::string& path) const {
  const std::string folder = parent_of(path);
  const Descriptor opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return attempt("flush the directory", folder, [&] { return ::fsync(opened.number()); });
}

}  // namespace adit::pki
