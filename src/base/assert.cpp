#include "base/assert.h"

#include <cstdio>
#include <cstdlib>

namespace adit {

void assertion_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "adit: internal error at %s:%d: expected %s\n", file, line, condition);
  std::abort();
}

}  // namespace adit
