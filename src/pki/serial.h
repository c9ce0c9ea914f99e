#pragma once

// Serial numbers as the index writes them: upper-case hexadecimal, whole bytes, no leading zeros.

#include <string>
#include <string_view>

#include "base/rng.h"
#include "pki/handles.h"
#include "pki/index.h"

namespace adit::pki {

// 128 random bits that the index does not know yet.
[[nodiscard]] std::string draw_serial(Rng& rng, const Index& index);
// The next number, which is what the file "serial" holds.
[[nodiscard]] std::string successor(std::string_view serial);

[[nodiscard]] Asn1Integer asn1_of(std::string_view serial);
[[nodiscard]] std::string serial_text(const ASN1_INTEGER* number);

}  // namespace adit::pki
