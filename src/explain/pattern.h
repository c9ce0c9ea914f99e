#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace adit::explain {

// Where in a line the pieces of a pattern stand: "read UDPv4 [EMSGSIZE Path-MTU=*]" has the text
// between "=" and "]". A pattern may begin and end anywhere in the line; a star stands for the
// shortest text that lets the rest match, a last star for all that follows.
[[nodiscard]] std::optional<std::vector<std::string>> match(std::string_view pattern,
                                                            std::string_view line);

// "{1} sent a packet" with the first star's text in place of {1}; {0} is the whole line.
[[nodiscard]] std::string fill(std::string_view text, std::string_view line,
                               const std::vector<std::string>& stars);

}  // namespace adit::explain
