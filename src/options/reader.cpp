#include "options/reader.h"

#include "base/text.h"
#include "options/lexer.h"
#include "options/table.h"

namespace adit::options {

namespace {

constexpr int deepest_include = 10;

using Severity = Issue::Severity;

std::string without_dashes(const std::string& word) {
  return word.size() >= 3 && word.starts_with("--") ? word.substr(2) : word;
}

std::string alternatives(const std::vector<std::string>& names) {
  if (names.empty()) return {};
  return "did you mean \"" + join(names, "\" or \"") + "\"?";
}

// Where the option belongs instead.
std::string proper_place(const Row& row, Where place) {
  std::string text;
  if (place == where::profile && row.allowed(where::pushed)) {
    text = "to send it to this client, write: push \"" + std::string(row.name) + " ...\"";
  } else if (row.allowed(where::anywhere)) {
    text = place == where::profile
               ? "it belongs in the configuration of the server"
               : "it belongs in the configuration file, outside of <connection>";
  } else if (row.allowed(where::profile)) {
    text = "it belongs in a file of client-config-dir or in the output of client-connect";
  } else if (row.allowed(where::pushed)) {
    text = "only a server may send it";
  }
  if (!row.sibling.empty() && find_row(row.sibling)->allowed(place)) {
    text += "; did you mean \"" + std::string(row.sibling) + "\"?";
  }
  return text;
}

// The keys of the top level come later, and only where a block has none (helpers.cpp).
void forget_keys(Connection& block) {
  block.tls_auth = block.tls_crypt = block.tls_crypt_v2 = {};
  block.key_direction.reset();
}

}  // namespace

bool introduces_another(const std::vector<std::string>& words) {
  return words.size() > 1 && words[0] == "setenv" && words[1] == "opt";
}

void Reader::read(std::string_view text, const std::string& source, int first_line) {
  LineReader lines(text, first_line);
  while (const auto line = lines.next()) {
    Given given{.at = {source, lines.number()}, .line = shown(*line)};
    auto words = split_words(*line);
    if (!words) {
      report(Severity::error, given, words.error().what, words.error().advice);
      continue;
    }
    if (words->empty()) continue;
    if (const auto tag = block_tag(*words)) {
      auto block = lines.block(*tag);
      if (!block) {
        report(Severity::error, given, "Endtag </" + shown(*tag) + "> missing",
               "write it in a line of its own behind the last line of the block");
        return;
      }
      given.words = {std::string(*tag), std::move(*block)};
      given.is_inline = true;
    } else {
      words->front() = without_dashes(words->front());
      given.words = std::move(*words);
    }
    take(given);
  }
}

void Reader::take(const Given& given) {
  if (introduces_another(given.words) && place_ != where::pushed) return take_leniently(given);
  const Row* const row = find_row(given.words.front());
  if (row == nullptr) return unknown(given);
  if (!row->secret) return take_known(*row, given);
  Given hidden = given;
  hidden.line = row->name;
  take_known(*row, hidden);
}

void Reader::take_known(const Row& row, const Given& given) {
  if (row.state == State::refused) return refused(row, given);
  if (row.state == State::accepted && place_ == where::pushed) return ignored(row, given);
  if (!may_stand_here(row, given)) return;
  if (!count_is_right(row, given)) return;
  if (row.state == State::accepted) return ignored(row, given);
  warn_of_blocks_above(row, given);
  apply(row, given);
}

void Reader::apply(const Row& row, const Given& given) {
  if (row.state == State::implemented && !row.note.empty() && warned_.insert(row.name).second) {
    report(place_ == where::pushed ? Severity::note : Severity::warning, given,
           std::string(row.note), {});
  }
  remember(row, given);
  Use use(row, given, place_, target_, *this, issues_);
  row.apply(use);
}

void Reader::remember(const Row& row, const Given& given) {
  if (target_.config == nullptr) return;
  target_.config->said.push_back({std::string(row.name),
                                  given.at,
                                  given.line,
                                  {given.words.begin() + 1, given.words.end()},
                                  given.is_inline,
                                  place_ == where::connection});
}

void Reader::unknown(const Given& given) {
  constexpr std::size_t enough_issues = 50;  // nobody corrects that many by hand
  const bool helpful = place_ != where::pushed && issues_.size() < enough_issues;
  malformed(given, "Unrecognized option",
            helpful ? alternatives(nearest_names(given.words.front(), place_)) : std::string());
}

// A refused option is still applied where that is possible: a tool may use what a tunnel may not,
// as in "--genkey --secret FILE".
void Reader::refused(const Row& row, const Given& given) {
  if (place_ == where::pushed) {
    if (!row.allowed(where::pushed) && row.where != where::nowhere) {
      (void)may_stand_here(row, given);
    } else {
      report(Severity::note, given, "pushed option \"" + std::string(row.name) + "\" is ignored",
             std::string(row.note));
    }
    return;
  }
  if (row.where != where::nowhere && !may_stand_here(row, given)) return;
  const bool for_a_tool =
      target_.config != nullptr && target_.config->tool.kind != Tool::Kind::none;
  const bool unknown_to_stock = row.newer || row.ours || row.where == where::nowhere;
  const bool forgiven = for_a_tool || (unknown_to_stock && is_tolerated(given.words.front()));
  report(forgiven ? Severity::warning : Severity::error, given,
         "--" + std::string(row.name) + ": " + std::string(row.note), {});
  issues_.back().without_effect = forgiven && !for_a_tool;
  if (for_a_tool && row.apply != nullptr) apply(row, given);
}

void Reader::ignored(const Row& row, const Given& given) {
  remember(row, given);
  if (!warned_.insert(row.name).second) return;
  report(place_ == where::pushed ? Severity::note : Severity::warning, given,
         "\"" + std::string(row.name) + "\" is ignored: " + std::string(row.note), {});
  issues_.back().without_effect = true;
}

bool Reader::may_stand_here(const Row& row, const Given& given) {
  if (!row.allowed(place_)) {
    const std::string source = place_ == where::connection ? "[CONNECTION-OPTIONS]" : given.at.file;
    report(Severity::error, given,
           "option '" + std::string(row.name) + "' cannot be used in this context (" + source + ")",
           proper_place(row, place_));
    return false;
  }
  if (given.is_inline && !row.allowed(where::inside)) {
    report(Severity::error, given,
           "option '" + std::string(row.name) + "' is not expected to be inline",
           "the form is: " + usage(row));
    return false;
  }
  return true;
}

bool Reader::count_is_right(const Row& row, const Given& given) {
  const int count = static_cast<int>(given.words.size()) - 1;
  const bool too_many = row.args.max != many && count > row.args.max;
  if (count >= row.args.min && !too_many) return true;
  malformed(given, too_many ? "Extra parameter(s)" : "Missing parameter(s)",
            "the form is: " + usage(row));
  return false;
}

void Reader::warn_of_blocks_above(const Row& row, const Given& given) {
  const bool at_top = place_ == where::file || place_ == where::line;
  if (at_top && row.allowed(where::connection) && !row.reaches_back &&
      !target_.config->remotes.list.empty()) {
    report(Severity::warning, given,
           "Option '" + std::string(row.name) + "' is ignored by previous <connection> blocks",
           "write it above them or inside");
  }
}

void Reader::include(const std::string& path, const Use& use) {
  if (files_ == nullptr) return use.error("files cannot be included here");
  if (depth_ >= deepest_include) {
    return use.error("Maximum recursive include levels exceeded",
                     "the file probably includes itself");
  }
  auto text = files_->read(path_in_directory(path));
  if (!text) {
    return use.error("Error opening configuration file: " + text.error().what, text.error().advice);
  }
  if (target_.config != nullptr && target_.config->source.empty()) target_.config->source = path;
  const Where outer = place_;
  if (place_ == where::line) place_ = where::file;
  ++depth_;
  read(*text, path);
  --depth_;
  place_ = outer;
}

void Reader::read_connection(const std::string& text, const Location& at) {
  Connection block = *target_.connection;  // it inherits what stands above
  forget_keys(block);
  block.at = at;
  const Where outer_place = place_;
  const Target outer = target_;
  place_ = where::connection;
  target_.connection = &block;
  read(text, at.file, at.line + 1);
  place_ = outer_place;
  target_ = outer;
  if (block.remote.empty()) {
    issues_.push_back({Severity::error,
                       at,
                       "<connection>",
                       "Each 'connection' block must contain exactly one 'remote' directive",
                       {}});
    return;
  }
  target_.config->remotes.list.push_back(std::move(block));
}

void Reader::take_leniently(Given given) {
  given.words.erase(given.words.begin(), given.words.begin() + 2);
  lenient_ = true;
  if (given.words.empty()) {
    given.words = {"setenv opt"};
    unknown(given);
  } else {
    given.words.front() = without_dashes(given.words.front());
    take(given);
  }
  lenient_ = false;
}

bool Reader::is_tolerated(const std::string& name) const {
  return lenient_ || tolerates_everything_ || tolerated_.contains(name);
}

// An option we do not know, or not in this form.
void Reader::malformed(const Given& given, std::string message, std::string advice) {
  const bool tolerated = is_tolerated(given.words.front());
  report(tolerated ? Severity::warning : Severity::error, given,
         std::move(message) + (tolerated ? ", ignored as you wish" : ""), std::move(advice));
  issues_.back().without_effect = tolerated;
}

void Reader::report(Severity severity, const Given& given, std::string message,
                    std::string advice) {
  issues_.push_back({severity, given.at, given.line, std::move(message), std::move(advice)});
}

std::string Reader::path_in_directory(const std::string& path) const {
  const std::string cd = target_.config == nullptr ? std::string() : target_.config->process.cd;
  return cd.empty() || path.starts_with('/') || path == "stdin" ? path : cd + '/' + path;
}

}  // namespace adit::options
