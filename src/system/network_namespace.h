#pragma once

#include <sys/types.h>

namespace adit::system {

// The number of the process's network namespace: what lies in the file system and belongs to one of
// them bears it in its name. 0: the kernel does not say.
[[nodiscard]] ino_t network_namespace();

}  // namespace adit::system
