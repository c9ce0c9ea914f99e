#pragma once

#include <string>

namespace adit::app {

// "OpenVPN 2.6.14 ...": other programs read the version of the protocol off this line, so it names
// the release whose behaviour we follow.
std::string title();
// All of --version.
std::string version_text();
// "OpenSSL 3.0.19 27 Jan 2026"
std::string tls_library();

}  // namespace adit::app
