#pragma once

#include "options/config.h"
#include "options/findings.h"

namespace adit::options {

// From "local" lines to the sockets of a server; the first of them also stands in the connection.
void complete_listens(Config& config, const Findings& found);

// Whether any socket of a server, or the connection of others, is of this kind.
[[nodiscard]] bool listens_to_udp(const Config& config);
[[nodiscard]] bool listens_to_tcp(const Config& config);

}  // namespace adit::options
