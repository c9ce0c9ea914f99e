#pragma once

// From a command line or a text to the typed configuration.
//
//   parse_command_line   words -> Config, as said; nothing is derived yet
//   finish               helper directives, defaults that depend on each other   (helpers.h)
//   check                conflicts, missing pieces, pitfalls                     (checks.h)
//   load                 all three

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "options/config.h"
#include "options/files.h"
#include "options/issue.h"

namespace adit::options {

struct Parsed {
  Config config;
  Issues issues;

  [[nodiscard]] bool ok() const { return !has_errors(issues); }
};

// The arguments of the program, without its name. One word without dashes is a configuration file;
// no word at all asks for help.
[[nodiscard]] Parsed parse_command_line(const std::vector<std::string>& arguments, Files& files);

// A configuration text. source stands for it in messages. Without files nothing can be included.
[[nodiscard]] Parsed parse_text(std::string_view text, const std::string& source,
                                Files* files = nullptr);

// A text read, derived and checked, as one answer: the error is the first that was found.
[[nodiscard]] Result<Config> load_text(std::string_view text, const std::string& source,
                                       Files* files = nullptr);

// What plugins add to a configuration that was read and is not complete yet. They may say anything
// but "plugin".
void add_lines_of_plugins(Parsed& parsed, const std::vector<std::string>& lines, Files& files);

// Derives and checks only what was read without errors, for everything else would be a guess.
[[nodiscard]] Parsed load(const std::vector<std::string>& arguments, Files& files);
void complete(Parsed& parsed);

}  // namespace adit::options
