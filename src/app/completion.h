#pragma once

#include <optional>
#include <string>

#include "app/command_tree.h"

namespace adit::app {

// A script that makes a shell complete adit's command lines: the commands, their options, the
// options of OpenVPN, files. shell: "bash", "zsh" or "fish"; nothing: not one of these.
[[nodiscard]] std::optional<std::string> completion(const CommandNode& root,
                                                    const std::string& shell);

}  // namespace adit::app
