// Addresses and networks as text.

#include "ip/address.h"

#include "tests/fuzz/input.h"

namespace adit::fuzz {

namespace {

void try_address(std::string_view text) {
  const auto v4 = ip::Address::parse_v4(text);
  ADIT_ASSERT(!v4 || v4->text() == text);
  const auto address = ip::Address::parse(text);
  if (!address) return;
  ADIT_ASSERT(ip::Address::parse(address->text()) == address);
  ADIT_ASSERT(address->masked(address->bits()) == *address);
  ADIT_ASSERT(address->masked(0).is_unspecified());
  ADIT_ASSERT(address->plus(0) == *address);
}

}  // namespace

void try_input(Bytes input) {
  const std::string_view text = as_text(input);
  try_address(text);
  const auto prefix = ip::Prefix::parse(text);
  if (!prefix) return;
  ADIT_ASSERT(prefix->contains(prefix->address));
  ADIT_ASSERT(ip::Prefix::parse(prefix->text()) == prefix);
  if (!prefix->address.is_v4()) return;
  ADIT_ASSERT(ip::prefix_length_of_netmask(prefix->netmask()) == prefix->length);
  ADIT_ASSERT(prefix->contains(prefix->broadcast()));
}

}  // namespace adit::fuzz
