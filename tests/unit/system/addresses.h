#pragma once

#include <string_view>

#include "ip/address.h"

namespace adit::system {

inline ip::Address addr(std::string_view text) { return ip::Address::parse(text).value(); }
inline ip::Endpoint at(std::string_view address, unsigned port) {
  return {addr(address), static_cast<std::uint16_t>(port), 0};
}

}  // namespace adit::system
