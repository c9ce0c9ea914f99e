#pragma once

// The option table: every option OpenVPN has known since 2.1, looked up by name here and nowhere
// else.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "options/row.h"

namespace adit::options {

// By subject, in the order of --help.
[[nodiscard]] std::span<const Page> pages();

// All rows by name.
[[nodiscard]] std::span<const Row* const> all_rows();

// nullptr when no option has this name.
[[nodiscard]] const Row* find_row(std::string_view name);

// At most two names the user may have meant, the likeliest first; options of this place only.
[[nodiscard]] std::vector<std::string> nearest_names(std::string_view name, Where place);

// "--remote host [port [proto]]"
[[nodiscard]] std::string usage(const Row& row);

// The text of --help: a line "--name arguments : help" for each option that does something.
[[nodiscard]] std::string help_text();

// The whole table as JSON, for other programs.
[[nodiscard]] std::string options_json();

// The whole table for readers: docs/options.md.
[[nodiscard]] std::string options_page();

// "none", "nointeract", "interact": the words of which one is the first parameter; empty where it
// is anything else.
[[nodiscard]] std::vector<std::string> choices_of(const Row& row);

// What a changed line of this option needs; options without effect need nothing.
[[nodiscard]] Change effect_of(const Row& row);

const char* name(State state);
const char* name(Change change);
const char* name(Class kind);

}  // namespace adit::options
