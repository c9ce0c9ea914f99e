#include "options/changes.h"

#include <algorithm>

#include "options/lexer.h"
#include "options/reader.h"
#include "options/table.h"

namespace adit::options {

namespace {

bool counts(const Said& said) { return !said.part_of_another; }

using Lines = std::vector<const Said*>;

Lines lines_of(const std::vector<Said>& all, const std::string& name) {
  Lines lines;
  for (const Said& said : all) {
    if (said.name == name && counts(said)) lines.push_back(&said);
  }
  return lines;
}

bool same(const Said& a, const Said& b) { return a.words == b.words && a.is_inline == b.is_inline; }

// Those of `lines` that `others` do not have, each counted.
Lines missing_in(const Lines& others, const Lines& lines) {
  Lines left = others, missing;
  for (const Said* line : lines) {
    const auto found =
        std::ranges::find_if(left, [&](const Said* other) { return same(*line, *other); });
    if (found == left.end()) {
      missing.push_back(line);
    } else {
      left.erase(found);
    }
  }
  return missing;
}

Change effect_of_option(const std::string& name) {
  const Row* row = find_row(name);
  return row == nullptr ? Change::restart : options::effect_of(*row);
}

// What a block says is not for messages.
std::string shown_line(const Said& said) {
  return said.is_inline ? "<" + said.name + ">" : said.line;
}

class Comparison {
 public:
  Comparison(const std::vector<Said>& former, const std::vector<Said>& fresh)
      : former_(former), fresh_(fresh) {}

  std::vector<Changed> run() {
    std::set<std::string> seen;
    for (const auto* all : {&fresh_, &former_}) {
      for (const Said& said : *all) {
        if (counts(said) && seen.insert(said.name).second) compare(said.name);
      }
    }
    std::ranges::move(gone_, std::back_inserter(found_));
    return std::move(found_);
  }

 private:
  void compare(const std::string& name) {
    const Lines before = lines_of(former_, name), now = lines_of(fresh_, name);
    if (before.size() == 1 && now.size() == 1) {
      if (!same(*before.front(), *now.front())) tell(now.front(), before.front());
      return;
    }
    const Lines added = missing_in(before, now), removed = missing_in(now, before);
    for (const Said* line : added) tell(line, nullptr);
    for (const Said* line : removed) tell(nullptr, line);
    if (added.empty() && removed.empty()) look_at_order(before, now);
  }

  void look_at_order(const Lines& before, const Lines& now) {
    for (std::size_t i = 0; i < now.size(); ++i) {
      if (same(*before[i], *now[i])) continue;
      tell(now[i], before[i]);
      found_.back().note = "the order of these lines is another";
      return;
    }
  }

  void tell(const Said* now, const Said* before) {
    const Said& said = now != nullptr ? *now : *before;
    Changed changed{said.name, said.at, {}, {}, effect_of_option(said.name)};
    if (now != nullptr) changed.line = shown_line(*now);
    if (before != nullptr) changed.was = shown_line(*before);
    (now != nullptr ? found_ : gone_).push_back(std::move(changed));
  }

  const std::vector<Said>& former_;
  const std::vector<Said>& fresh_;
  std::vector<Changed> found_, gone_;
};

bool is_judge(const Changed& changed) {
  const Row* row = find_row(changed.option);
  return row != nullptr && row->judges;
}

// A script that goes while the plugin in its place waits for a restart would leave nobody who
// looks at clients.
void keep_judges_together(std::vector<Changed>& changes) {
  const bool one_waits = std::ranges::any_of(
      changes, [](const Changed& one) { return is_judge(one) && one.effect == Change::restart; });
  if (!one_waits) return;
  for (Changed& changed : changes) {
    if (!is_judge(changed) || changed.effect == Change::restart) continue;
    changed.effect = Change::restart;
    changed.note = "it waits with the others that judge clients";
  }
}

// The lines of a client's file, as far as they can be read at all.
std::vector<Said> lines_of_profile(std::string_view text, const std::string& source) {
  std::vector<Said> all;
  LineReader lines(text);
  while (const auto line = lines.next()) {
    auto words = split_words(*line);
    if (!words || words->empty()) continue;
    if (words->size() > 2 && introduces_another(*words)) {
      words->erase(words->begin(), words->begin() + 2);
    }
    std::string name = words->front().starts_with("--") ? words->front().substr(2) : words->front();
    words->erase(words->begin());
    all.push_back({std::move(name), {source, lines.number()}, shown(*line), std::move(*words)});
  }
  return all;
}

// The lines of an included file are there themselves.
void take_again(const Said& said, Reader& reader, Config& config) {
  if (!counts(said)) return;
  if (said.name == "config") return config.said.push_back(said);
  Given given{{said.name}, said.is_inline, said.at, said.line};
  given.words.insert(given.words.end(), said.words.begin(), said.words.end());
  reader.take(given);
}

}  // namespace

std::vector<Changed> compare(const Config& former, const Config& fresh) {
  std::vector<Changed> changes = Comparison(former.said, fresh.said).run();
  keep_judges_together(changes);
  return changes;
}

std::vector<Changed> compare_profiles(std::string_view former, std::string_view fresh,
                                      const std::string& source) {
  const auto before = lines_of_profile(former, source), now = lines_of_profile(fresh, source);
  std::vector<Changed> changes = Comparison(before, now).run();
  for (Changed& changed : changes) {  // a file is read for each new session
    const bool waits = changed.effect != Change::now && changed.effect != Change::nothing;
    if (waits) changed.effect = Change::new_sessions;
  }
  return changes;
}

std::set<std::string> kept_until_restart(const std::vector<Changed>& changes) {
  std::set<std::string> names;
  for (const Changed& changed : changes) {
    if (changed.effect == Change::restart) names.insert(changed.option);
  }
  return names;
}

Parsed combine(const Config& former, const Config& fresh, const std::set<std::string>& kept) {
  Parsed combined;
  combined.config.source = fresh.source;
  const Target target{.config = &combined.config, .connection = &combined.config.connection};
  Reader reader(where::file, target, combined.issues, nullptr);
  for (const Said& said : former.said) {
    if (kept.contains(said.name)) take_again(said, reader, combined.config);
  }
  for (const Said& said : fresh.said) {
    if (!kept.contains(said.name)) take_again(said, reader, combined.config);
  }
  complete(combined);
  std::erase_if(combined.issues,
                [](const Issue& issue) { return issue.severity != Issue::Severity::error; });
  return combined;
}

}  // namespace adit::options
