#pragma once

// What "x509-track" asks for. OpenSSL types: include from .cpp files only.

#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "tls/handles.h"

namespace adit::tls {

// "CN", "+SHA1": the peer's own certificate, or with '+' the whole chain. An error names a word
// that is no attribute.
[[nodiscard]] Status check_tracked(const std::vector<std::string>& words);
// Of a field of the subject its text, of an extension what OpenSSL shows, of SHA1 and SHA256 the
// fingerprint; what the certificate does not have is left out.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> tracked_fields(
    X509* certificate, int depth, const std::vector<std::string>& words);

}  // namespace adit::tls
