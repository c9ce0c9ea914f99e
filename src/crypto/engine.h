#pragma once

#include <string>

#include "base/result.h"

namespace adit::crypto {

// Who does the arithmetic of data packets.
enum class Engine : std::uint8_t {
  automatic,  // the fastest that can be had
  openssl,
  ipsec_mb,  // what libipsec-mb does not know stays with OpenSSL
  vaes,      // our own AES-GCM; the rest as ipsec_mb where it can be had, else as openssl
};

struct ChosenEngine {
  Engine engine = Engine::openssl;  // never automatic
  std::string name = "OpenSSL";     // for people: "ipsec-mb 1.3.0 (AVX512, VAES)"
  std::string missed;  // what could not be had although it was welcome, and why; or empty
};

// Looks at the CPU, and holds an engine's answers against OpenSSL's. Once at start: takes a
// millisecond or two. Fails where a certain engine is wanted and cannot be had.
[[nodiscard]] Result<ChosenEngine> choose_engine(Engine wanted);

}  // namespace adit::crypto
