#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace adit::tls {

// How long a certificate or a revocation list is good.
struct Term {
  std::string name;  // its subject; of a list, its issuer
  WallTime from, until;
};

// Every certificate in a PEM text, in order; what does not parse is left out.
[[nodiscard]] std::vector<Term> certificate_terms(const std::string& pem);
// Every revocation list; those without an end are left out.
[[nodiscard]] std::vector<Term> list_terms(const std::string& pem);

}  // namespace adit::tls
