#pragma once

#include <string>

#include "options/files.h"
#include "ports/store_port.h"

namespace adit::doctor {

// Files as a configuration names them: relative paths begin where the process is, and where nothing
// is found there in a folder, usually that of the configuration.
class FolderStore final : public ports::StorePort, public options::Files {
 public:
  // store must outlive it.
  FolderStore(ports::StorePort& store, std::string folder)
      : store_(store), folder_(std::move(folder)) {}

  Result<std::string> read(const std::string& path) override { return store_.read(find(path)); }
  Status rewrite(const std::string& path, std::string_view text) override {
    return store_.rewrite(find(path), text);
  }
  bool exists(const std::string& path) override { return store_.exists(find(path)); }
  std::vector<std::string> list(const std::string& folder, std::size_t most) override {
    return store_.list(find(folder), most);
  }
  std::optional<std::uint64_t> version(const std::string& path) override {
    return store_.version(find(path));
  }
  Result<std::string> create_temporary(const std::string& dir, std::string_view tag,
                                       std::string_view text) override {
    return store_.create_temporary(dir, tag, text);
  }
  void remove(const std::string& path) override { store_.remove(path); }

 private:
  [[nodiscard]] std::string find(const std::string& path) {
    const bool elsewhere = !path.starts_with('/') && !folder_.empty() && !store_.exists(path);
    return elsewhere ? folder_ + "/" + path : path;
  }

  ports::StorePort& store_;
  std::string folder_;
};

}  // namespace adit::doctor
