// Whole configurations as they are found in the wild. The lines "#?" at the head of each tell what
// must come out: all errors and warnings (a part of their text) and a few facts.

#include <algorithm>
#include <filesystem>

#include <gtest/gtest.h>

#include "base/text.h"
#include "tests/unit/options/reading.h"

namespace adit::options::testing {
namespace {

namespace fs = std::filesystem;

const char* const folder = "tests/unit/options/configs";

// Included files come from the same folder, wherever the sample says they are.
class SampleFiles final : public Files {
 public:
  Result<std::string> read(const std::string& path) override {
    return file_content(std::string(folder) + '/' + fs::path(path).filename().string());
  }
};

struct Expected {
  std::vector<std::string> errors, warnings, pushes;
  std::vector<std::pair<std::string, std::string>> facts;
};

Expected expectations(const std::string& text) {
  Expected expected;
  for (std::string_view line : split(text, '\n')) {
    const auto mark = line.find("#? ");
    if (mark == std::string_view::npos) continue;
    line = trim(line.substr(mark + 3));
    const auto blank = line.find(' ');
    const std::string kind(line.substr(0, blank)), rest(line.substr(blank + 1));
    if (kind == "error") {
      expected.errors.push_back(rest);
    } else if (kind == "warning") {
      expected.warnings.push_back(rest);
    } else if (kind == "push") {
      expected.pushes.push_back(rest);
    } else {
      expected.facts.emplace_back(kind, rest);
    }
  }
  return expected;
}

Parsed read_sample(const fs::path& path, const std::string& text) {
  SampleFiles files;
  if (path.extension() != ".argv") return load({path.filename().string()}, files);
  std::vector<std::string> arguments;
  for (const std::string_view line : split(trim(text), '\n')) {
    if (!line.starts_with("#?")) arguments.emplace_back(line);
  }
  return load(arguments, files);
}

std::string role(const Config& config) {
  if (config.mode == Mode::server || config.server.network) return "server";
  return config.client.pull ? "client" : "p2p";
}

std::string proto_name(const Proto& proto) {
  std::string name = "udp";
  if (proto.transport == Transport::tcp) name = "tcp";
  if (proto.transport == Transport::tcp_client) name = "tcp-client";
  if (proto.transport == Transport::tcp_server) name = "tcp-server";
  if (proto.family) name.insert(3, proto.family == ip::Family::v4 ? "4" : "6");
  return name;
}

std::string fact(const Config& config, const std::string& kind) {
  if (kind == "role") return role(config);
  const auto& [list, lines] = std::tie(config.remotes.list, config.remotes.lines);
  if (kind == "remotes") return std::to_string(list.empty() ? lines.size() : list.size());
  if (kind == "pushes") return std::to_string(config.server.push.size());
  const auto& remotes = config.remotes.list;
  return proto_name(remotes.empty() ? config.connection.proto : remotes.front().proto);
}

void expect_issues(const Issues& issues, Issue::Severity severity,
                   const std::vector<std::string>& expected) {
  EXPECT_EQ(count(issues, severity), expected.size()) << all_text(issues);
  for (const std::string& words : expected) {
    EXPECT_TRUE(mentions(issues, words)) << words << "\n" << all_text(issues);
  }
}

class Samples : public ::testing::TestWithParam<fs::path> {};

TEST_P(Samples, parse_as_expected) {
  const std::string text = file_content(fs::path(folder) / GetParam().filename());
  const Expected expected = expectations(text);
  const Parsed parsed = read_sample(GetParam(), text);
  expect_issues(parsed.issues, Issue::Severity::error, expected.errors);
  expect_issues(parsed.issues, Issue::Severity::warning, expected.warnings);
  for (const auto& [kind, value] : expected.facts) {
    EXPECT_EQ(fact(parsed.config, kind), value) << kind;
  }
  for (const std::string& option : expected.pushes) {
    const auto& pushes = parsed.config.server.push;
    EXPECT_NE(std::ranges::find(pushes, option), pushes.end()) << option;
  }
  for (const Issue& issue : parsed.issues) {
    const bool of_a_line = !issue.line.empty();
    EXPECT_EQ(of_a_line, !issue.at.file.empty()) << issue.text();
  }
}

std::vector<fs::path> all_samples() {
  std::vector<fs::path> paths;
  for (const auto& entry : fs::directory_iterator(fs::path(ADIT_SOURCE_DIR) / folder)) {
    paths.push_back(entry.path());
  }
  std::ranges::sort(paths);
  return paths;
}

std::string test_name(const ::testing::TestParamInfo<fs::path>& info) {
  std::string name = info.param.filename().string();
  for (char& c : name) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (!plain) c = '_';
  }
  return name;
}

INSTANTIATE_TEST_SUITE_P(Files, Samples, ::testing::ValuesIn(all_samples()), test_name);

// "old-": in the styles of the years of OpenVPN 2.0 to 2.4.
TEST(SampleFolder, holds_many_configurations_and_most_of_them_old) {
  const auto samples = all_samples();
  EXPECT_GT(samples.size(), 110u);
  EXPECT_GE(std::ranges::count_if(
                samples,
                [](const fs::path& path) { return path.filename().string().starts_with("old-"); }),
            60);
}

}  // namespace
}  // namespace adit::options::testing
