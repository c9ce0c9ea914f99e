#pragma once

#include "ip/address.h"

namespace adit::setup {

inline ip::Prefix prefix(const char* text) { return *ip::Prefix::parse(text); }
inline ip::Address address(const char* text) { return *ip::Address::parse(text); }

}  // namespace adit::setup
