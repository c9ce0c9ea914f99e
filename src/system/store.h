#pragma once

#include <map>
#include <string>

#include "base/rng.h"
#include "ports/store_port.h"
#include "system/fd.h"

namespace adit::system {

inline constexpr unsigned private_mode = 0600;  // of files that are for their owner alone

// Small text files on disk.
class Store final : public ports::StorePort {
 public:
  // rng names temporary files; it must outlive the store.
  explicit Store(Rng& rng) : rng_(rng) {}

  [[nodiscard]] Result<std::string> read(const std::string& path) override;
  // A file once rewritten stays open, so that it can still be written after a change of user.
  [[nodiscard]] Status rewrite(const std::string& path, std::string_view text) override;
  // From now on what is open is never looked for by its name again: another root directory has it
  // not.
  void keep_open_files() { fixed_ = true; }
  [[nodiscard]] std::vector<std::string> list(const std::string& folder, std::size_t most) override;
  [[nodiscard]] bool exists(const std::string& path) override;
  [[nodiscard]] std::optional<std::uint64_t> version(const std::string& path) override;
  [[nodiscard]] Result<std::string> create_temporary(const std::string& dir, std::string_view tag,
                                                     std::string_view text) override;
  void remove(const std::string& path) override;

 private:
  // What a file looked like when its version was last asked.
  struct Look {
    std::int64_t changed_ns = 0;
    std::int64_t size = 0;
    std::uint64_t inode = 0;
    bool operator==(const Look&) const = default;
  };
  struct Seen {
    Look look;
    std::uint64_t version = 0;
  };

  Rng& rng_;
  bool fixed_ = false;
  std::map<std::string, Fd> open_;
  std::map<std::string, Seen> seen_;
};

// All of the text, from where the file stands. 0, or the error number.
[[nodiscard]] int write_all(int fd, std::string_view text);

// Nothing takes its place: a device, a pipe, or standard output by one of its names (/dev/stdout).
[[nodiscard]] bool is_written_through(const std::string& path);

// Whoever reads path sees the old text or the new one, never a part; survives a loss of power. A
// link stays, and what it leads to is replaced. What is written through gets the text as it is.
[[nodiscard]] Status write_file_atomically(const std::string& path, std::string_view text,
                                           unsigned mode);

}  // namespace adit::system
