#pragma once

#include <string_view>
#include <vector>

namespace adit::explain {

enum class Weight {
  fatal,    // the program ends, or cannot start
  trouble,  // somebody is not connected, or packets are lost
  notice,   // it works; something should be changed
  event,    // how things went
};

// A possible cause. evidence: patterns of other lines of the same log that speak for it; a cause
// with evidence comes before those without.
struct Cause {
  std::string_view what;
  std::string_view cure;
  std::vector<std::string_view> evidence = {};
};

// One well-known line. Texts may hold {1}..{9}, what the stars of the pattern stood for.
struct Entry {
  std::vector<std::string_view> patterns;  // any of them
  Weight weight;
  std::string_view title;  // a few words
  std::string_view meaning;
  std::vector<Cause> causes = {};  // the likeliest first
};

}  // namespace adit::explain
