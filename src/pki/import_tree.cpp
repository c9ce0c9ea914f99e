// Copies a tree that is laid out as ours already.

#include <algorithm>
#include <filesystem>

#include "pki/import_steps.h"

namespace adit::pki {

namespace {

namespace fs = std::filesystem;

// Parents first, the index last: without it the copy does not count as an authority.
Result<std::vector<fs::path>> files_below(const std::string& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  for (fs::recursive_directory_iterator at(folder, error), end; !error && at != end;
       at.increment(error)) {
    std::error_code ignored;
    const bool own = at->path().filename().string().starts_with(".adit-");
    if (!own && (at->is_regular_file(ignored) || at->is_directory(ignored))) {
      files.push_back(at->path().lexically_relative(folder));
    }
  }
  if (error) return fail("cannot read the directory {}: {}", folder, error.message());
  std::ranges::sort(files);
  std::stable_partition(files.begin(), files.end(),
                        [](const fs::path& file) { return file != "index.txt"; });
  return files;
}

bool is_public(const fs::path& file) {
  return file.extension() == ".crt" || file.extension() == ".pem";
}

Status copy_one(Disk& disk, const std::string& folder, const fs::path& file, Imported& report) {
  std::error_code ignored;
  const fs::path source = fs::path(folder) / file;
  if (fs::is_directory(source, ignored)) return disk.make_folder(file.string());
  const auto text = read_source_file(source.string());
  if (!text) return fail_with(text.error());
  if (file.parent_path() == "private" && file.extension() == ".key" && file != "private/ca.key") {
    ++report.keys;
  }
  return disk.write(file.string(), text->reveal(), is_public(file) ? public_mode : private_mode);
}

}  // namespace

Status import_tree(Disk& disk, const std::string& folder, Imported& report) {
  const auto files = files_below(folder);
  if (!files) return fail_with(files.error());
  for (const fs::path& file : *files) {
    if (auto done = copy_one(disk, folder, file, report); !done) return done;
  }
  return {};
}

}  // namespace adit::pki
