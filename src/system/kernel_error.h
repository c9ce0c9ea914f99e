#pragma once

#include <cerrno>
#include <string>

#include "base/result.h"

namespace adit::system {

// There is nothing to read, or no room to write, just now.
[[nodiscard]] inline bool would_block(int error) { return error == EAGAIN || error == EWOULDBLOCK; }

// "Permission denied" for EACCES; safe in any thread.
[[nodiscard]] std::string reason(int error);

// "attempted: Permission denied", with advice for the user where there is some.
[[nodiscard]] tl::unexpected<Error> kernel_refused(int error, const std::string& attempted,
                                                   std::string advice = {});

}  // namespace adit::system
