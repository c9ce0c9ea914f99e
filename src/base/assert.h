#pragma once

// States our own programming, never the network's behaviour. Stays on in release builds.
#define ADIT_ASSERT(condition) \
  ((condition) ? void() : ::adit::assertion_failed(#condition, __FILE__, __LINE__))

namespace adit {
[[noreturn]] void assertion_failed(const char* condition, const char* file, int line);
}
