#include "system/random.h"

#include <cerrno>
#include <sys/random.h>

#include "base/assert.h"

namespace adit::system {

void SystemRng::fill(MutableBytes out) {
  while (!out.empty()) {
    const ssize_t count = getrandom(out.data(), out.size(), 0);
    if (count < 0 && errno == EINTR) continue;
    ADIT_ASSERT(count > 0);  // keys without random bytes must not be
    out = out.subspan(static_cast<std::size_t>(count));
  }
}

}  // namespace adit::system
