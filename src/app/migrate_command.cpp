#include "app/migrate_command.h"

#include <cstdio>
#include <filesystem>
#include <sys/stat.h>

#include <CLI/CLI.hpp>

#include "app/command_words.h"
#include "app/disk_files.h"
#include "lint/certificate_facts.h"
#include "lint/migrate.h"
#include "system/random.h"
#include "system/store.h"

namespace adit::app {

class MigrateArguments {
 public:
  std::string file, output;
};

namespace {

namespace fs = std::filesystem;

constexpr int not_done = 2;

unsigned mode_for_copy_of(const std::string& path) {
  struct stat facts {};
  return stat(path.c_str(), &facts) == 0 ? facts.st_mode & 0777 : system::private_mode;
}

// Of a file that the configuration names, as seen from its own folder.
lint::DhBits bits_beside(const fs::path& file, system::Store& store) {
  return [folder = fs::absolute(file).parent_path(), &store](const std::string& path) {
    const auto text = store.read((folder / path).string());
    return text ? lint::dh_bits(*text) : std::nullopt;
  };
}

// Files that are included lie beside it, too.
class FilesBeside final : public options::Files {
 public:
  FilesBeside(const fs::path& file, system::Store& store)
      : folder_(fs::absolute(file).parent_path()), disk_(store) {}
  Result<std::string> read(const std::string& path) override {
    return disk_.read(path == "stdin" ? path : (folder_ / path).string());
  }

 private:
  fs::path folder_;
  DiskFiles disk_;
};

int write_migrated(const MigrateArguments& given, const std::string& text) {
  if (given.output.empty()) {
    std::fputs(text.c_str(), stdout);
    return 0;
  }
  std::error_code gone;
  if (fs::exists(given.output, gone)) {
    complain({"cannot write " + given.output + ": it exists", "name another file"});
    return not_done;
  }
  const Status written =
      system::write_file_atomically(given.output, text, mode_for_copy_of(given.file));
  if (written) return 0;
  complain(written.error());
  return not_done;
}

int run_migrate(const MigrateArguments& given) {
  system::SystemRng rng;
  system::Store store(rng);
  const auto text = store.read(given.file);
  if (!text) {
    complain(text.error());
    return not_done;
  }
  FilesBeside files(given.file, store);
  const lint::Migration migration =
      lint::migrate(*text, given.file, &files, bits_beside(given.file, store));
  if (!migration.done()) {
    for (const options::Issue& issue : migration.left) {
      std::fprintf(stderr, "%s\n", issue.text().c_str());
    }
    std::fprintf(stderr,
                 "adit: %s was not migrated: mend this first, for it can be done in more "
                 "than one way\n",
                 given.file.c_str());
    return not_done;
  }
  const int status = write_migrated(given, migration.text);
  if (status == 0) {
    std::fprintf(stderr, "adit: %s\n",
                 migration.changes == 0
                     ? "nothing had to be changed"
                     : "each change bears a comment that begins with \"# adit:\"");
  }
  return status;
}

}  // namespace

std::shared_ptr<MigrateArguments> add_migrate(CLI::App& root, int& status) {
  auto held = std::make_shared<MigrateArguments>();
  MigrateArguments& given = *held;
  CLI::App* migrate = root.add_subcommand(
      "migrate", "an old configuration written anew: it does the same, and says what was changed");
  migrate
      ->add_option("FILE", given.file,
                   "a configuration for any OpenVPN since 2.1; it stays as it is")
      ->required();
  migrate->add_option("--output", given.output, "the new file; unset: standard output");
  migrate->footer(
      "Exit status: 0 when it is done, 2 when something stands in the way that only you can "
      "decide, "
      "or the file cannot be read.");
  migrate->callback([&status, &given] { status = run_migrate(given); });
  return held;
}

}  // namespace adit::app
