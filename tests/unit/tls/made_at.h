#pragma once

#include "base/time.h"

namespace adit::tls {

// When the certificates of these tests were made.
inline constexpr WallTime made_at{1795342000};

}  // namespace adit::tls
