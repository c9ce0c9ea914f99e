#include "app/lint_command.h"

#include <cstdio>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>

#include "app/command_words.h"
#include "app/disk_files.h"
#include "app/start.h"
#include "lint/lint.h"
#include "system/clock.h"
#include "system/privileges.h"
#include "system/random.h"

namespace adit::app {

class LintArguments {
 public:
  std::vector<std::string> files;
  std::string dir;
  bool json = false;
};

namespace {

namespace fs = std::filesystem;

std::optional<unsigned> mode_of(const std::string& path) {
  struct stat facts {};
  if (stat(path.c_str(), &facts) != 0) return std::nullopt;
  return facts.st_mode & 07777;
}

bool has_user(const std::string& name) { return system::look_up(name, {}).has_value(); }
bool has_group(const std::string& name) { return system::look_up({}, name).has_value(); }

bool enter(const fs::path& folder) {
  std::error_code gone;
  fs::current_path(folder, gone);
  return !gone;
}

// Paths in the file begin where a start by the service units has them begin: in the folder of the
// file.
Result<lint::Linted> lint_one(const std::string& file, const std::string& dir,
                              const lint::Surroundings& around, system::Store& store) {
  const fs::path whole = fs::absolute(file);
  auto text = store.read(whole.string());
  if (!text) return fail_with(text.error());
  const fs::path folder = dir.empty() ? whole.parent_path() : fs::absolute(dir);
  const fs::path before = fs::current_path();
  if (!enter(folder)) return fail("cannot enter {}", folder.string());
  DiskFiles files(store);
  lint::Surroundings here = around;
  here.mode_of = [&](const std::string& path) {
    return mode_of(path == file ? whole.string() : path);
  };
  auto linted = lint::lint_file(*text, file, files, here, [](const options::Config& config) {
    if (!config.process.cd.empty()) static_cast<void>(enter(config.process.cd));
    auto missing = missing_files(config, nullptr);
    if (!missing.empty()) missing.pop_back();  // "Please correct these errors."
    return missing;
  });
  static_cast<void>(enter(before));
  return linted;
}

int run_lint(const LintArguments& given) {
  system::SystemRng rng;
  system::Store store(rng);
  const lint::Surroundings around{store, rng, system::wall_now(), {}, has_user, has_group};
  lint::Verdict verdict;
  std::vector<lint::Linted> all;
  for (const std::string& file : given.files) {
    auto linted = lint_one(file, given.dir, around, store);
    if (!linted) {
      static_cast<void>(complain(linted.error()));
      return exit_no_answer;
    }
    verdict.reports.push_back(linted->report);
    all.push_back(std::move(*linted));
  }
  if (all.size() == 2) {
    if (auto talk = lint::compare(all[0], all[1])) verdict.talks.push_back(std::move(*talk));
  }
  const std::string text =
      given.json ? lint::render_json(verdict) : lint::render_text(verdict, text_columns());
  std::fputs(text.c_str(), stdout);
  return verdict.status();
}

}  // namespace

std::shared_ptr<LintArguments> add_lint(CLI::App& root, int& status) {
  auto held = std::make_shared<LintArguments>();
  LintArguments& given = *held;
  CLI::App* lint = root.add_subcommand(
      "lint", "what is wrong with a configuration, and whether two can talk to each other");
  lint->add_option("FILE", given.files, "a configuration; or two, a server's and a client's")
      ->required()
      ->expected(1, 2);
  lint->add_option("--cd", given.dir, "where paths in it begin; unset: in the folder of the file");
  lint->add_flag("--json", given.json, "for programs");
  lint->footer(
      "Exit status: 0 nothing found, or only notes; 1 it would start, but something should be "
      "changed, or the two cannot talk to each other; 2 it would not start, or cannot be read.");
  lint->callback([&status, &given] { status = run_lint(given); });
  return held;
}

}  // namespace adit::app
