#include <algorithm>
#include <array>
#include <set>

#include <fmt/core.h>

#include "lint/checks.h"
#include "options/checks.h"

// Secrets that others on this host can read, and names it does not know.

namespace adit::lint {

namespace {

using options::Config;
using options::Issue;
using options::Issues;

constexpr std::array secrets{"key",         "pkcs12",  "tls-auth",       "tls-crypt",
                             "secret",      "askpass", "auth-user-pass", "auth-gen-token-secret",
                             "tls-crypt-v2"};
constexpr unsigned by_all = 0004;

bool is_secret(std::string_view option) {
  return std::ranges::find(secrets, option) != secrets.end();
}

void check_file(const Config& config, const options::NamedFile& file, const Surroundings& around,
                Issues& issues) {
  const auto mode = around.mode_of(file.path);
  if (!mode || (*mode & by_all) == 0) return;
  const options::Said* said = config.said_of(file.option);
  issues.push_back(
      {Issue::Severity::warning, file.at, said == nullptr ? "" : said->line,
       fmt::format("every user of this host can read {} (mode {:04o})", file.path, *mode & 07777),
       fmt::format("chmod 600 {}", file.path)});
}

void check_blocks(const Config& config, const Surroundings& around, Issues& issues) {
  std::set<std::string> told;
  for (const options::Said& said : config.said) {
    const auto mode = around.mode_of(said.at.file);
    const bool exposed = said.is_inline && is_secret(said.name) && mode && (*mode & by_all) != 0;
    if (!exposed || !told.insert(said.at.file).second) continue;
    issues.push_back(
        {Issue::Severity::warning, said.at, fmt::format("<{}>", said.name),
         fmt::format("every user of this host can read this secret (mode {:04o})", *mode & 07777),
         fmt::format("chmod 600 {}", said.at.file)});
  }
}

void check_name(const options::Findings& found, std::string_view option, const std::string& name,
                bool known) {
  if (name.empty() || known) return;
  found.error(option, fmt::format("there is no {} \"{}\" on this host", option, name),
              option == "group" ? "on Debian it is called nogroup" : "create it, or name another");
}

}  // namespace

void check_secrecy(const Config& config, const Surroundings& around, Issues& issues) {
  for (const options::NamedFile& file : options::files_of(config)) {
    if (is_secret(file.option)) check_file(config, file, around, issues);
  }
  check_blocks(config, around, issues);
  const options::Process& process = config.process;
  const options::Findings found(config, issues);
  check_name(found, "user", process.user, around.has_user(process.user));
  check_name(found, "group", process.group, around.has_group(process.group));
}

}  // namespace adit::lint
