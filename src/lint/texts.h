#pragma once

#include <string>

#include "options/config.h"
#include "ports/store_port.h"

namespace adit::lint {

// What stands in a file or block; empty when it is not given or cannot be read.
[[nodiscard]] std::string text_of(const options::FileOrInline& source, ports::StorePort& store);

}  // namespace adit::lint
