#include "setup/show.h"

#include <algorithm>

#include "base/text.h"

namespace adit::setup {

namespace {

using Kind = Thing::Kind;

// lengths[i][j]: of the longest common sequence of a from i on and b from j on.
std::vector<std::vector<unsigned>> common_lengths(const std::vector<std::string_view>& a,
                                                  const std::vector<std::string_view>& b) {
  std::vector<std::vector<unsigned>> lengths(a.size() + 1, std::vector<unsigned>(b.size() + 1));
  for (std::size_t i = a.size(); i-- > 0;) {
    for (std::size_t j = b.size(); j-- > 0;) {
      lengths[i][j] =
          a[i] == b[j] ? lengths[i + 1][j + 1] + 1 : std::max(lengths[i + 1][j], lengths[i][j + 1]);
    }
  }
  return lengths;
}

std::string changes_of_file(const Step& step) {
  if (step.secret) return "    (" + std::to_string(step.to.text.size()) + " bytes, not shown)\n";
  return difference(step.from.text, step.to.text);
}

std::string mode_text(unsigned mode) { return fmt::format("{:04o}", mode); }

std::string commands_text(const std::vector<std::vector<std::string>>& commands) {
  std::vector<std::string> lines;
  lines.reserve(commands.size());
  for (const auto& argv : commands) lines.push_back(join(argv, " "));
  return join(lines, "; ");
}

std::string put_line(const Step& step) {
  const std::string& name = step.thing.name;
  switch (step.thing.kind) {
    case Kind::folder:
      return "make folder " + name + ", mode " + mode_text(step.to.mode);
    case Kind::file:
      if (!step.to.present) return "remove " + name;
      if (step.from.present) return "change " + name;
      return "write " + name + ", mode " + mode_text(step.to.mode);
    case Kind::sysctl:
      return fmt::format("set {} = {} (was {})", name, step.to.text,
                         step.from.present ? step.from.text : "not there");
    case Kind::rules:
      return step.from.present ? "replace the firewall rules of \"" + name + "\" in table inet adit"
                               : "load the firewall rules of \"" + name + "\" into table inet adit";
    case Kind::hook:
      return "tell " + name + ": " + commands_text(step.thing.put);
    case Kind::unit:
      return fmt::format("service {}: {} (was {})", name, step.to.text, step.from.text);
  }
  return name;
}

std::string details(const Step& step) {
  if (step.thing.kind == Kind::file) return changes_of_file(step);
  if (step.thing.kind == Kind::rules) return difference({}, step.to.text);
  return {};
}

}  // namespace

std::string difference(const std::string& before, const std::string& after) {
  const auto a = lines(before);
  const auto b = lines(after);
  const auto lengths = common_lengths(a, b);
  std::string text;
  std::size_t i = 0, j = 0;
  const auto show = [&](char sign, std::string_view line) {
    text += fmt::format("    {} {}\n", sign, line);
  };
  while (i < a.size() || j < b.size()) {
    if (i < a.size() && j < b.size() && a[i] == b[j]) {
      ++i, ++j;
    } else if (j == b.size() || (i < a.size() && lengths[i + 1][j] >= lengths[i][j + 1])) {
      show('-', a[i++]);
    } else {
      show('+', b[j++]);
    }
  }
  return text;
}

std::string show_plan(const std::vector<Step>& steps) {
  std::string text;
  for (const Step& step : steps) {
    if (step.kind == Step::Kind::note || step.quiet) continue;
    if (step.kind == Step::Kind::act) {
      text += step.said + "\n";
    } else if (step.kind == Step::Kind::revert) {
      text += undone_line(step.thing, step.to) + "\n";
    } else {
      text += put_line(step) + "\n" + details(step);
    }
  }
  return text;
}

std::string done_line(const Step& step) { return put_line(step); }

std::string undone_line(const Thing& thing, const State& before) {
  switch (thing.kind) {
    case Kind::folder:
      return "remove folder " + thing.name;
    case Kind::file:
      return before.present ? "restore " + thing.name : "remove " + thing.name;
    case Kind::sysctl:
      return "set " + thing.name + " = " + before.text + " again";
    case Kind::rules:
      return "remove the firewall rules of \"" + thing.name + "\"";
    case Kind::hook:
      return "tell " + thing.name + ": " + commands_text(thing.take);
    case Kind::unit:
      return "service " + thing.name + ": " + before.text + " again";
  }
  return thing.name;
}

}  // namespace adit::setup
