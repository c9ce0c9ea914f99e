#pragma once

// "adit join" keeps a profile in a folder of its own: what lies beside the file goes along.

#include <string>
#include <vector>

#include "base/result.h"
#include "options/files.h"

namespace adit::setup {

struct WholeProfile {
  std::string text;
  std::vector<std::string> staying;  // "up /home/ann/up.sh": needed where it is
  std::vector<Error> errors;         // what cannot go along; then the text is of no use
};

// Puts what files hold into the text (<ca> ... </ca>), and names by their absolute paths those that
// cannot stand there: programs, folders, and a revocation list, which others renew.
// path: the profile's own, absolute. Errors: the text is no configuration, or
// changes to a folder beside it.
[[nodiscard]] Result<WholeProfile> make_whole(const std::string& text, const std::string& path,
                                              options::Files& files);

}  // namespace adit::setup
