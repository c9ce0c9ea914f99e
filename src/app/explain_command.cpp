#include "app/explain_command.h"

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <iterator>
#include <unistd.h>

#include <CLI/CLI.hpp>

#include "app/command_words.h"
#include "app/status_command.h"
#include "base/text.h"
#include "explain/explain.h"
#include "system/random.h"
#include "system/store.h"

namespace adit::app {

namespace {

constexpr int nothing_known = 1;

Result<std::string> log_of(const std::vector<std::string>& words,
                           const std::optional<int>& running) {
  if (running) return log_of_instance(*running);
  if (words.empty() || words == std::vector<std::string>{"-"}) {
    if (words.empty() && isatty(STDIN_FILENO) != 0) {
      return fail_with(
          {"nothing to explain", "give a log file, a line of a log, or - to read one"});
    }
    return std::string(std::istreambuf_iterator<char>(std::cin), {});
  }
  if (words.size() > 1 || words[0].find(' ') != std::string::npos) return join(words, " ");
  const auto pid = to_number<int>(words[0]);
  if (pid && access(words[0].c_str(), F_OK) != 0) return log_of_instance(*pid);
  system::SystemRng rng;
  return system::Store(rng).read(words[0]);
}

}  // namespace

int run_explain(const std::vector<std::string>& words, const std::optional<int>& running,
                bool json) {
  const auto log = log_of(words, running);
  if (!log) {
    std::fprintf(stderr, "adit: %s\n", log.error().text().c_str());
    return exit_no_answer;
  }
  const explain::Report report = explain::explain(*log);
  const std::string text =
      json ? explain::render_json(report) : explain::render_text(report, text_columns());
  std::fputs(text.c_str(), stdout);
  return report.findings.empty() ? nothing_known : 0;
}

class ExplainArguments {
 public:
  std::vector<std::string> words;
  int running = 0;
  bool json = false;
};

std::shared_ptr<ExplainArguments> add_explain(CLI::App& root, int& status) {
  auto held = std::make_shared<ExplainArguments>();
  ExplainArguments& given = *held;
  CLI::App* explain =
      root.add_subcommand("explain", "what the lines of a log mean, and what to do about them");
  explain->add_option("LOG", given.words,
                      "a log file, of adit or openvpn; one line; a pid of adit; - reads a log");
  explain->add_flag("--json", given.json, "for programs");
  CLI::Option* asked =
      explain
          ->add_option("--running", given.running, "the last lines of a running instance; its pid")
          ->type_name("[PID]")
          ->expected(0, 1);
  explain->callback([&status, &given, asked] {
    const auto running = asked->count() > 0 ? std::optional(given.running) : std::nullopt;
    status = run_explain(given.words, running, given.json);
  });
  return held;
}

}  // namespace adit::app
