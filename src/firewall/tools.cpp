#include "firewall/tools.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string_view>
#include <unistd.h>

#include "base/text.h"
#include "system/process.h"

namespace adit::firewall {

namespace {

constexpr std::size_t longest_output = std::size_t{4} << 20;
constexpr const char* search_path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

bool is_harmless(char c) {
  constexpr std::string_view marks = "-_./:,+=@%";
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         marks.find(c) != std::string_view::npos;
}

std::string quoted_for_shell(const std::string& word) {
  if (!word.empty() && std::ranges::all_of(word, is_harmless)) return word;
  std::string text = "'";
  for (const char c : word) {
    if (c == '\'') text += "'\\'";
    text += c;
  }
  return text + "'";
}

// The caller's own path first, so that what a user put there is found; the sbin folders are often
// missing from it.
std::string whole_path() {
  const char* given = std::getenv("PATH");  // NOLINT(concurrency-mt-unsafe): nobody sets it
  return given == nullptr ? search_path : std::string(given) + ":" + search_path;
}

std::string find_program(const std::string& name) {
  const std::string path = whole_path();
  for (const std::string_view folder : split(path, ':')) {
    if (folder.empty()) continue;
    std::string file = std::string(folder) + "/" + name;
    if (access(file.c_str(), X_OK) == 0) return file;
  }
  return {};
}

}  // namespace

std::string text(const Command& command) {
  std::vector<std::string> words;
  for (const std::string& word : command) words.push_back(quoted_for_shell(word));
  return join(words, " ");
}

std::optional<std::string> HostTools::read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  std::string content(std::istreambuf_iterator<char>(file), {});
  return content;
}

bool HostTools::has(const std::string& program) { return !find_program(program).empty(); }

std::optional<Tools::Output> HostTools::run(const Command& command) {
  if (command.empty()) return std::nullopt;
  const std::string file = find_program(command.front());
  if (file.empty()) return std::nullopt;
  ports::Command wanted{command, {{"PATH", whole_path()}, {"LC_ALL", "C"}, {"HOME", "/root"}}};
  wanted.argv.front() = file;
  auto output = system::run_and_capture(wanted, longest_output, system::Captured::with_complaints);
  if (!output) return std::nullopt;
  return Output{output->status, std::move(output->text)};
}

}  // namespace adit::firewall
