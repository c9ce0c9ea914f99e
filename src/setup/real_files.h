#pragma once

#include <optional>
#include <string>
#include <vector>

#include "setup/host.h"

// The files of this machine, for real_host.cpp.
namespace adit::setup::disk {

[[nodiscard]] Result<std::optional<File>> read(const std::string& path);
[[nodiscard]] Status write(const std::string& path, const File& file);
[[nodiscard]] Status remove(const std::string& path);
void sweep(const std::string& path);
[[nodiscard]] std::optional<unsigned> folder(const std::string& path);
[[nodiscard]] Status make_folder(const std::string& path, unsigned mode);
[[nodiscard]] Status remove_folder(const std::string& path);
[[nodiscard]] Status remove_tree(const std::string& path);
[[nodiscard]] std::vector<std::string> files_in(const std::string& folder);

}  // namespace adit::setup::disk
