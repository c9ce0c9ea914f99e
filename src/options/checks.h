#pragma once

#include <string>
#include <vector>

#include "options/config.h"
#include "options/issue.h"

namespace adit::options {

// What contradicts itself, what is missing, and what will surprise its owner, in a configuration
// that finish() has completed.
[[nodiscard]] Issues check(const Config& config);

// A file that an option names. Whoever starts the process checks that it is there.
struct NamedFile {
  enum class Kind { read, directory, program, written };
  std::string option;
  std::string path;
  Kind kind = Kind::read;
  Location at;

  bool operator==(const NamedFile&) const = default;
};
[[nodiscard]] std::vector<NamedFile> files_of(const Config& config);

// Where a path is found, seen from outside, that is used after the change of the root directory.
[[nodiscard]] std::string below_root(const std::string& root, const std::string& path);

// The parts of check(), by subject.
class Findings;
void check_roles(const Config& config, const Findings& found);
void check_tap(const Config& config, const Findings& found);
void check_server(const Config& config, const Findings& found);
void check_identity(const Config& config, const Findings& found);
void check_links(const Config& config, const Findings& found);
void check_data_channel(const Config& config, const Findings& found);
void check_compression(const Config& config, const Findings& found);
void check_static_key(const Config& config, const Findings& found);
void check_weak(const Config& config, const Findings& found);
void check_habits(const Config& config, const Findings& found);

}  // namespace adit::options
