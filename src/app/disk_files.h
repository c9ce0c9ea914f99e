#pragma once

#include <iostream>
#include <iterator>
#include <string>

#include "options/files.h"
#include "system/store.h"

namespace adit::app {

// Configuration files as they are included.
class DiskFiles final : public options::Files {
 public:
  explicit DiskFiles(system::Store& store) : store_(store) {}
  Result<std::string> read(const std::string& path) override {
    if (path != "stdin") return store_.read(path);
    return std::string(std::istreambuf_iterator<char>(std::cin), {});
  }

 private:
  system::Store& store_;
};

}  // namespace adit::app
