#include "tests/unit/lint/reading.h"

#include <algorithm>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

namespace adit::lint::testing {

using options::Issue;

const char* const good_server =
    "dev tun\ntopology subnet\nserver 10.8.0.0 255.255.255.0\nca ca.crt\ncert s.crt\nkey s.key\n"
    "dh none\nkeepalive 10 60\nexplicit-exit-notify 1\nremote-cert-tls client\ntls-crypt ta.key\n";
const char* const good_client =
    "client\ndev tun\nremote vpn.example.com\nca ca.crt\ncert c.crt\nkey c.key\n"
    "remote-cert-tls server\ntls-crypt ta.key\n";

std::string content_of(const std::string& path) {
  const std::ifstream stream(std::string(ADIT_SOURCE_DIR "/") + path, std::ios::binary);
  EXPECT_TRUE(stream) << path;
  std::ostringstream content;
  content << stream.rdbuf();
  return content.str();
}

std::string all_text(const options::Issues& issues) {
  std::string text;
  for (const Issue& issue : issues) text += issue.text() + "\n";
  return text;
}

std::string all_text(const Linted& linted) { return all_text(linted.report.findings); }

bool has(const options::Issues& issues, Issue::Severity severity, std::string_view words) {
  return std::ranges::any_of(issues, [&](const Issue& issue) {
    return issue.severity == severity && issue.text().find(words) != std::string::npos;
  });
}

bool warns(const Linted& linted, std::string_view words) {
  return has(linted.report.findings, Issue::Severity::warning, words);
}
bool notes(const Linted& linted, std::string_view words) {
  return has(linted.report.findings, Issue::Severity::note, words);
}

}  // namespace adit::lint::testing
