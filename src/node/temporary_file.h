#pragma once

#include <string>
#include <utility>

#include "ports/store_port.h"

namespace adit::node {

// A private file for a program that is run: to be read by it, or to leave an answer in. It is
// removed with the object. store must outlive it.
class TemporaryFile {
 public:
  // tag: of the file's name ("acf")
  [[nodiscard]] static Result<TemporaryFile> create(ports::StorePort& store, const std::string& dir,
                                                    std::string_view tag,
                                                    std::string_view text = {});
  ~TemporaryFile() { remove(); }
  TemporaryFile(TemporaryFile&& other) noexcept
      : store_(other.store_), path_(std::exchange(other.path_, {})) {}
  TemporaryFile& operator=(TemporaryFile&& other) noexcept;
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  // Empty as long as nothing was written, and when the file cannot be read.
  [[nodiscard]] std::string text() const;

 private:
  TemporaryFile(ports::StorePort& store, std::string path)
      : store_(&store), path_(std::move(path)) {}
  void remove();

  ports::StorePort* store_;
  std::string path_;
};

}  // namespace adit::node
