#pragma once

// Applies the options of a text, one after the other, to a target. Parser, client profiles and
// pushed lists are three uses of it.

#include <set>
#include <string>
#include <string_view>

#include "options/files.h"
#include "options/use.h"

namespace adit::options {

class Reader {
 public:
  // place: where the options stand. files may be nullptr: nothing can be included then.
  Reader(Where place, const Target& target, Issues& issues, Files* files)
      : place_(place), target_(target), issues_(issues), files_(files) {}

  // first_line: the number of the text's first line in its file.
  void read(std::string_view text, const std::string& source, int first_line = 1);
  void take(const Given& given);

  // What a few options ask for.
  void include(const std::string& path, const Use& use);
  void read_connection(const std::string& text, const Location& at);
  void tolerate(const std::string& name) { tolerated_.insert(name); }
  void tolerate_everything() { tolerates_everything_ = true; }

 private:
  void take_leniently(Given given);  // "setenv opt NAME ..."
  [[nodiscard]] bool is_tolerated(const std::string& name) const;
  [[nodiscard]] bool may_stand_here(const Row& row, const Given& given);
  [[nodiscard]] bool count_is_right(const Row& row, const Given& given);
  void unknown(const Given& given);
  void ignored(const Row& row, const Given& given);
  void refused(const Row& row, const Given& given);
  void take_known(const Row& row, const Given& given);
  void remember(const Row& row, const Given& given);
  void apply(const Row& row, const Given& given);
  void warn_of_blocks_above(const Row& row, const Given& given);
  void malformed(const Given& given, std::string message, std::string advice);
  void report(Issue::Severity severity, const Given& given, std::string message,
              std::string advice);
  [[nodiscard]] std::string path_in_directory(const std::string& path) const;

  Where place_;
  Target target_;
  Issues& issues_;
  Files* files_;
  int depth_ = 0;
  bool lenient_ = false;  // for the option at hand
  bool tolerates_everything_ = false;
  std::set<std::string, std::less<>> tolerated_;
  std::set<std::string_view> warned_;  // names of rows whose note has been given
};

// "setenv opt NAME ...": another option, which need not be known.
[[nodiscard]] bool introduces_another(const std::vector<std::string>& words);

}  // namespace adit::options
