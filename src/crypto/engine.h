#pragma once

#include <string>

#include "base/result.h"

namespace adit::crypto {

// Who does the arithmetic of data packets.
enum class Engine : std::uint8_t {
  automatic,  // ipsec_mb where it can be had, openssl elsewhere
  openssl,
  ipsec_mb,  // what libipsec-mb does not know stays with OpenSSL
};

struct ChosenEngine {
  Engine engine = Engine::openssl;  // never automatic
  std::string name = "OpenSSL";     // for people: "ipsec-mb 1.3.0 (AVX512, VAES)"
  std::string missed;               // why ipsec-mb is not used although it was welcome; or empty
};

// Looks at the CPU, and holds ipsec-mb's answers against OpenSSL's. Once at start: takes a
// millisecond or two. Fails where ipsec_mb is wanted and cannot be had.
[[nodiscard]] Result<ChosenEngine> choose_engine(Engine wanted);

}  // namespace adit::crypto
