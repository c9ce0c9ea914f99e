#include "tests/unit/options/reading.h"

#include <algorithm>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

namespace adit::options::testing {

const char* const minimal_server =
    "dev tun\ntopology subnet\nserver 10.8.0.0 255.255.255.0\nca ca.crt\ncert s.crt\nkey s.key\n"
    "keepalive 10 60\nexplicit-exit-notify 1\n";
const char* const minimal_client =
    "client\ndev tun\nremote vpn.example.com\nca ca.crt\ncert c.crt\nkey c.key\n"
    "remote-cert-tls server\n";

Result<std::string> FakeFiles::read(const std::string& path) {
  const auto found = files_.find(path);
  if (found == files_.end()) return fail("{}: No such file or directory", path);
  return found->second;
}

Parsed read(std::string_view text) { return parse_text(text, "test.conf"); }

Parsed read_and_complete(std::string_view text) {
  Parsed parsed = read(text);
  complete(parsed);
  return parsed;
}

Parsed read_words(std::vector<std::string> words, std::map<std::string, std::string> files) {
  FakeFiles fake(std::move(files));
  return parse_command_line(words, fake);
}

Config good(std::string_view text) {
  Parsed parsed = read_and_complete(text);
  EXPECT_TRUE(parsed.ok()) << all_text(parsed.issues);
  return std::move(parsed.config);
}

Config server_with(std::string_view lines) { return good(minimal_server + std::string(lines)); }
Config client_with(std::string_view lines) { return good(minimal_client + std::string(lines)); }

PushOutcome push(std::vector<std::string> options, Pulled& into, const Config& config) {
  into = pulled_from(config);
  return apply_pushed(options, config, into);
}

std::size_t count(const Issues& issues, Issue::Severity severity) {
  return static_cast<std::size_t>(std::ranges::count(issues, severity, &Issue::severity));
}
std::size_t errors(const Issues& issues) { return count(issues, Issue::Severity::error); }
std::size_t warnings(const Issues& issues) { return count(issues, Issue::Severity::warning); }

bool mentions(const Issues& issues, std::string_view words) {
  return std::ranges::any_of(
      issues, [&](const Issue& issue) { return issue.text().find(words) != std::string::npos; });
}

std::string all_text(const Issues& issues) {
  std::string text;
  for (const Issue& issue : issues) text += issue.text() + "\n";
  return text;
}

std::string file_content(const std::string& path) {
  const std::ifstream stream(std::string(ADIT_SOURCE_DIR "/") + path, std::ios::binary);
  EXPECT_TRUE(stream) << path;
  std::ostringstream content;
  content << stream.rdbuf();
  return content.str();
}

}  // namespace adit::options::testing
