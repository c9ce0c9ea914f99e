// The TLVs in a server's hard reset.

#include "wire/early_negotiation.h"

#include <algorithm>

#include "tests/fuzz/input.h"

namespace adit::fuzz {

void try_input(Bytes input) {
  const auto asked = wire::decode_early_negotiation(input);
  if (!asked) return;
  const Buffer encoded = wire::encode_early_negotiation(*asked);
  ADIT_ASSERT(encoded.empty() != asked->resend_wkc);
  const auto again = wire::decode_early_negotiation(encoded);
  ADIT_ASSERT(again && again->resend_wkc == asked->resend_wkc);
}

}  // namespace adit::fuzz
