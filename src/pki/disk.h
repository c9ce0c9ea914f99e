#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/secret.h"

namespace adit::pki {

inline constexpr mode_t private_mode = 0600;
inline constexpr mode_t public_mode = 0644;
inline constexpr mode_t folder_mode = 0700;

// Called before every step that changes the file system; a number other than 0 makes the step fail
// with it as errno. Lets tests cut the power or fill the disk at any point.
using WatchStep = std::function<int(std::string_view step)>;

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor();

  [[nodiscard]] int number() const { return fd_; }

 private:
  int fd_ = -1;
};

// The files below one directory, which is ours alone while this lives: a lock file keeps a second
// command waiting. Names are relative to the directory. Every change is whole or absent after an
// interruption, and on the disk once the call has returned.
class Disk {
 public:
  // Makes the directory and its parents where they are missing.
  [[nodiscard]] static Result<Disk> create(std::string root, WatchStep watch);
  // Neither locks nor changes anything: every step that would fails with EROFS.
  [[nodiscard]] static Disk look(std::string root);
  // Waits for the lock.
  [[nodiscard]] static Result<Disk> open(std::string root, WatchStep watch);

  [[nodiscard]] bool exists(std::string_view file) const;
  [[nodiscard]] Result<SecretText> read(std::string_view file) const;
  [[nodiscard]] std::vector<std::string> files_in(std::string_view folder) const;  // sorted
  [[nodiscard]] std::string path_of(std::string_view file) const;

  [[nodiscard]] Status make_folder(std::string_view folder);
  [[nodiscard]] Status write(std::string_view file, std::string_view text, mode_t mode);
  // Replaces what stands at the target; a source that is absent is no error.
  [[nodiscard]] Status move(std::string_view from, std::string_view to);
  [[nodiscard]] Status remove(std::string_view file);
  // Removes everything but the lock.
  [[nodiscard]] Status clear();
  // Gives the directory another name, where nothing stands or an empty directory with its lock.
  [[nodiscard]] Status become(std::string root);
  // Removes what an interrupted write() left in the folder.
  [[nodiscard]] Status sweep(std::string_view folder);

 private:
  Disk(std::string root, WatchStep watch) : root_(std::move(root)), watch_(std::move(watch)) {}

  [[nodiscard]] Status attempt(std::string_view verb, const std::string& path,
                               const std::function<int()>& call) const;
  [[nodiscard]] Status fill(const std::string& path, std::string& temporary, std::string_view text,
                            mode_t mode) const;
  [[nodiscard]] Status flush_folder_of(const std::string& path) const;

  std::string root_;
  WatchStep watch_;
  Descriptor lock_;
};

}  // namespace adit::pki
