#pragma once

// Short words for linting in tests.

#include <string>
#include <string_view>

#include "lint/lint.h"

namespace adit::lint::testing {

// Everything from a file below the source tree.
std::string content_of(const std::string& path);

std::string all_text(const options::Issues& issues);
std::string all_text(const Linted& linted);
// Whether a finding of this severity has these words in its text.
bool has(const options::Issues& issues, options::Issue::Severity severity, std::string_view words);
bool warns(const Linted& linted, std::string_view words);
bool notes(const Linted& linted, std::string_view words);

extern const char* const good_server;
extern const char* const good_client;

}  // namespace adit::lint::testing
