#pragma once

// Short words for reading options in tests.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "options/client_profile.h"
#include "options/parser.h"
#include "options/pushed.h"

namespace adit::options::testing {

// Files in memory.
class FakeFiles final : public Files {
 public:
  FakeFiles() = default;
  explicit FakeFiles(std::map<std::string, std::string> files) : files_(std::move(files)) {}
  Result<std::string> read(const std::string& path) override;

 private:
  std::map<std::string, std::string> files_;
};

// A text as the file "test.conf": only read, or completed too.
Parsed read(std::string_view text);
Parsed read_and_complete(std::string_view text);
Parsed read_words(std::vector<std::string> words, std::map<std::string, std::string> files = {});

// The completed configuration of a text that must have no error.
Config good(std::string_view text);

// A server and a client that lack nothing; more lines may follow.
extern const char* const minimal_server;
extern const char* const minimal_client;
Config server_with(std::string_view lines);
Config client_with(std::string_view lines);

PushOutcome push(std::vector<std::string> options, Pulled& into,
                 const Config& config = client_with(""));

// How many issues of this severity there are, and whether one has these words.
std::size_t count(const Issues& issues, Issue::Severity severity);
std::size_t errors(const Issues& issues);
std::size_t warnings(const Issues& issues);
bool mentions(const Issues& issues, std::string_view words);
std::string all_text(const Issues& issues);

// Everything from a file below the source tree.
std::string file_content(const std::string& path);

}  // namespace adit::options::testing
