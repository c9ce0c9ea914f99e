#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace adit::firewall {

// A program and its arguments; the program by its name, found in the PATH or the sbin folders.
using Command = std::vector<std::string>;
[[nodiscard]] std::string text(const Command& command);  // as a shell would take it

// The host as others' tools show it. Blocks; no thread but the caller's.
class Tools {
 public:
  struct Output {
    int status = 0;
    std::string text;  // what it wrote, both outputs together
  };
  virtual ~Tools() = default;
  // Nothing when there is no such file, or it may not be read.
  [[nodiscard]] virtual std::optional<std::string> read(const std::string& path) = 0;
  [[nodiscard]] virtual bool has(const std::string& program) = 0;
  // Nothing when the program is not there or does not run.
  [[nodiscard]] virtual std::optional<Output> run(const Command& command) = 0;
};

// This host.
class HostTools final : public Tools {
 public:
  [[nodiscard]] std::optional<std::string> read(const std::string& path) override;
  [[nodiscard]] bool has(const std::string& program) override;
  [[nodiscard]] std::optional<Output> run(const Command& command) override;
};

}  // namespace adit::firewall
