#pragma once

#include <string_view>

namespace adit::pki {

// The OpenSSL settings that easy-rsa 3.1 expects in the directory before it does anything there.
// adit writes them once and never reads them.
std::string_view easyrsa_settings();

}  // namespace adit::pki
