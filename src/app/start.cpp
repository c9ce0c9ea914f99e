#include "app/start.h"

#include <algorithm>
#include <filesystem>
#include <unistd.h>

#include "app/disk_files.h"
#include "options/checks.h"

namespace adit::app {

namespace {

std::string advice_for_file(int error, const options::NamedFile& file) {
  if (error == EACCES) return "run as root, or give this user the right to it";
  if (error != ENOENT && error != ENOTDIR) return {};
  if (file.path.starts_with('/')) return "check the path";
  std::error_code gone;
  return "check the path; it begins in " + std::filesystem::current_path(gone).string();
}

// 0, or why the file cannot be used as its option wants it.
int obstacle(const options::NamedFile& file) {
  using Kind = options::NamedFile::Kind;
  int wanted = R_OK;
  if (file.kind == Kind::directory) wanted = R_OK | X_OK;
  if (file.kind == Kind::program) wanted = X_OK;
  std::string path = file.path;
  if (file.kind == Kind::written) {
    if (access(path.c_str(), F_OK) == 0) {
      wanted = W_OK;
    } else {
      path = std::filesystem::path(path).parent_path().string();
      if (path.empty()) path = ".";
      wanted = W_OK | X_OK;
    }
  }
  return access(path.c_str(), wanted) == 0 ? 0 : errno;
}

}  // namespace

options::Parsed read_configuration(Runtime& runtime, const std::vector<std::string>& arguments,
                                   const LinesOfPlugins& of_plugins) {
  DiskFiles files(runtime.store);
  options::Parsed parsed = options::parse_command_line(arguments, files);
  const bool tool = parsed.config.tool.kind != options::Tool::Kind::none;
  if (parsed.ok() && !tool && !parsed.config.scripts.plugins.empty()) {
    const std::vector<std::string> lines = of_plugins(parsed.config);
    if (!lines.empty()) options::add_lines_of_plugins(parsed, lines, files);
  }
  options::complete(parsed);
  return parsed;
}

options::Issues missing_files(const options::Config& config, const options::Config* former) {
  const auto known =
      former == nullptr ? std::vector<options::NamedFile>() : options::files_of(*former);
  const auto is_known = [&](const options::NamedFile& file) {
    return std::ranges::any_of(known, [&](const options::NamedFile& one) {
      return one.option == file.option && one.path == file.path;
    });
  };
  options::Issues missing;
  for (const options::NamedFile& file : options::files_of(config)) {
    const int error = obstacle(file);
    if (error == EACCES && is_known(file)) continue;
    if (error == 0) continue;
    missing.push_back({options::Issue::Severity::error,
                       file.at,
                       {},
                       fmt::format("--{} fails with '{}': {} (errno={})", file.option, file.path,
                                   std::strerror(error), error),
                       advice_for_file(error, file)});
  }
  if (!missing.empty()) {
    missing.push_back(
        {options::Issue::Severity::error, {}, {}, "Please correct these errors.", {}});
  }
  return missing;
}

void set_up_lines(system::LogOutput& output, const options::Logging& logging) {
  output.set_verbosity(logging.verb);
  output.set_mute(logging.mute);
  output.set_timestamps(!logging.suppress_timestamps);
  output.set_machine_readable(logging.machine_readable);
  output.set_errors_to_stderr(logging.errors_to_stderr);
}

Status set_up_log(system::LogOutput& output, const options::Logging& logging) {
  set_up_lines(output, logging);
  if (!logging.file.empty()) {
    if (Status opened = output.to_file(logging.file, logging.append); !opened) return opened;
    output.redirect_standard_output();
  } else if (logging.syslog) {
    output.to_syslog(logging.syslog_name);
  }
  return {};
}

void change_lines(system::LogOutput& output, const options::Logging& before,
                  const options::Logging& now) {
  if (before.verb != now.verb) output.set_verbosity(now.verb);
  if (before.mute != now.mute) output.set_mute(now.mute);
  if (before.suppress_timestamps != now.suppress_timestamps) {
    output.set_timestamps(!now.suppress_timestamps);
  }
  if (before.machine_readable != now.machine_readable) {
    output.set_machine_readable(now.machine_readable);
  }
  if (before.errors_to_stderr != now.errors_to_stderr) {
    output.set_errors_to_stderr(now.errors_to_stderr);
  }
}

}  // namespace adit::app
