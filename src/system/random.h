#pragma once

#include "base/rng.h"

namespace adit::system {

// The kernel's random bytes; safe in any thread.
class SystemRng final : public Rng {
 public:
  void fill(MutableBytes out) override;
};

}  // namespace adit::system
