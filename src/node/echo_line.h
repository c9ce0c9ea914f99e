#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace adit::node {

// The line for the log of "echo msg ...", said here or pushed; nothing: those words are for
// managers alone. source: stock 2.6.14
[[nodiscard]] std::optional<std::string> echo_line(std::string_view echo, bool pushed);

}  // namespace adit::node
