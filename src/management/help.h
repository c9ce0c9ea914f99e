#pragma once

#include <string>

namespace adit::management {

// Lines between CR LF, the last one without.
[[nodiscard]] std::string help_text(const std::string& title);

}  // namespace adit::management
