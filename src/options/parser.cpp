#include "options/parser.h"

#include <algorithm>

#include "base/text.h"
#include "options/checks.h"
#include "options/helpers.h"
#include "options/reader.h"

namespace adit::options {

namespace {

const Location command_line{"[CMD-LINE]", 1};

bool is_option(const std::string& word) { return word.starts_with("--"); }

Issue stray_word(const std::string& word) {
  return {Issue::Severity::error,
          command_line,
          {},
          "I'm trying to parse \"" + shown(word) +
              "\" as an --option parameter but I don't see a leading '--'",
          {}};
}

}  // namespace

Parsed parse_command_line(const std::vector<std::string>& arguments, Files& files) {
  Parsed parsed;
  const Target target{.config = &parsed.config, .connection = &parsed.config.connection};
  Reader reader(where::line, target, parsed.issues, &files);
  if (arguments.empty()) parsed.config.tool.kind = Tool::Kind::help;
  if (arguments.size() == 1 && !is_option(arguments.front())) {
    reader.take({{"config", arguments.front()}, false, command_line, shown(arguments.front())});
    return parsed;
  }
  for (std::size_t i = 0; i < arguments.size();) {
    const std::size_t begin = i++;
    if (!is_option(arguments[begin])) {
      parsed.issues.push_back(stray_word(arguments[begin]));
      continue;
    }
    Given given{.words = {arguments[begin].substr(2)}, .at = command_line};
    for (; i < arguments.size() && !is_option(arguments[i]); ++i)
      given.words.push_back(arguments[i]);
    given.line = shown("--" + join(given.words, " "));
    reader.take(given);
  }
  return parsed;
}

Parsed parse_text(std::string_view text, const std::string& source, Files* files) {
  Parsed parsed;
  parsed.config.source = source;
  const Target target{.config = &parsed.config, .connection = &parsed.config.connection};
  Reader(where::file, target, parsed.issues, files).read(text, source);
  return parsed;
}

Result<Config> load_text(std::string_view text, const std::string& source, Files* files) {
  Parsed parsed = parse_text(text, source, files);
  complete(parsed);
  const auto error = std::ranges::find(parsed.issues, Issue::Severity::error, &Issue::severity);
  if (error != parsed.issues.end()) return fail("{}", error->text());
  return std::move(parsed.config);
}

void add_lines_of_plugins(Parsed& parsed, const std::vector<std::string>& lines, Files& files) {
  const std::string source = "[PLUGIN]";
  auto& plugins = parsed.config.scripts.plugins;
  const std::size_t before = plugins.size();
  const Target target{.config = &parsed.config, .connection = &parsed.config.connection};
  Reader(where::file, target, parsed.issues, &files).read(join(lines, "\n"), source);
  if (plugins.size() == before) return;
  parsed.issues.push_back({Issue::Severity::error,
                           plugins[before].at,
                           {},
                           "a plugin wants to load another plugin, which no plugin may",
                           "name it in the configuration itself"});
  plugins.resize(before);
}

void complete(Parsed& parsed) {
  if (parsed.config.tool.kind == Tool::Kind::none && !parsed.ok()) return;
  finish(parsed.config, parsed.issues);
  if (!parsed.ok() || parsed.config.tool.kind != Tool::Kind::none) return;
  const Issues found = check(parsed.config);
  parsed.issues.insert(parsed.issues.end(), found.begin(), found.end());
}

Parsed load(const std::vector<std::string>& arguments, Files& files) {
  Parsed parsed = parse_command_line(arguments, files);
  complete(parsed);
  return parsed;
}

}  // namespace adit::options
