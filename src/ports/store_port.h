#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace adit::ports {

// Small text files. Control thread only.
class StorePort {
 public:
  virtual ~StorePort() = default;
  [[nodiscard]] virtual Result<std::string> read(const std::string& path) = 0;
  // In place (seek, write, truncate), as monitors that hold the file open expect.
  [[nodiscard]] virtual Status rewrite(const std::string& path, std::string_view text) = 0;
  [[nodiscard]] virtual bool exists(const std::string& path) = 0;
  // Names of the plain files in a folder, sorted, at most `most` of them; none that begin with a
  // dot.
  [[nodiscard]] virtual std::vector<std::string> list(const std::string& folder,
                                                      std::size_t most) = 0;
  // Grows whenever the file's time or size changed; nothing when it cannot be looked at.
  [[nodiscard]] virtual std::optional<std::uint64_t> version(const std::string& path) = 0;
  // A new private file in dir whose name begins with openvpn_<tag>_, mode 0600.
  [[nodiscard]] virtual Result<std::string> create_temporary(const std::string& dir,
                                                             std::string_view tag,
                                                             std::string_view text) = 0;
  virtual void remove(const std::string& path) = 0;
};

}  // namespace adit::ports
