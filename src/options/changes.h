#pragma once

// What is said differently in two configurations of one server, and what a running server can make
// of it.

#include <set>
#include <string>
#include <vector>

#include "options/config.h"
#include "options/parser.h"
#include "options/row.h"

namespace adit::options {

// One line that is new, gone, or says something else.
struct Changed {
  std::string option;
  Location at;       // in the new text; of a line that is gone, where it stood
  std::string line;  // as it stands now; empty: it is gone
  std::string was;   // as it stood; empty: it is new
  Change effect = Change::restart;
  std::string note = {};  // what is to be known beside
  bool operator==(const Changed&) const = default;
};

// In the order of the new configuration; what is gone comes last. The effects are those of the
// table, but all that judges clients waits if a part of it has to. Lines inside of <connection>
// blocks are not told one by one, an included file is.
[[nodiscard]] std::vector<Changed> compare(const Config& former, const Config& fresh);

// The same for the texts of one client's file; former may be empty.
[[nodiscard]] std::vector<Changed> compare_profiles(std::string_view former, std::string_view fresh,
                                                    const std::string& source);

// The options of which nothing can be taken up before a restart.
[[nodiscard]] std::set<std::string> kept_until_restart(const std::vector<Changed>& changes);

// The configuration that a running server goes on with: as fresh says, but with these options as
// former has them. Its issues are only errors: what the two contradict each other in.
[[nodiscard]] Parsed combine(const Config& former, const Config& fresh,
                             const std::set<std::string>& kept);

}  // namespace adit::options
