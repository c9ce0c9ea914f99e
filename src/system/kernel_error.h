#pragma once

#include <string>

#include "base/result.h"

namespace adit::system {

// "Permission denied" for EACCES; safe in any thread.
[[nodiscard]] std::string reason(int error);

// "attempted: Permission denied", with advice for the user where there is some.
[[nodiscard]] tl::unexpected<Error> kernel_refused(int error, const std::string& attempted,
                                                   std::string advice = {});

}  // namespace adit::system
