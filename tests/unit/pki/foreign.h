#pragma once

// Certificates as other tools make them.

#include <string>
#include <utility>
#include <vector>

namespace adit::pki {

// How an extension is to be: as in OpenSSL's configuration, or nullptr to leave it out.
using Extensions = std::vector<std::pair<int, const char*>>;

// The certificate with these extensions, signed again. signer_key: PEM
std::string signed_again(const std::string& certificate, const std::string& signer_key,
                         const Extensions& extensions);

}  // namespace adit::pki
