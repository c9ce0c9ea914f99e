#pragma once

// The options of one client: a file of client-config-dir or what a client-connect script wrote.

#include <string>
#include <string_view>
#include <vector>

#include "options/config.h"
#include "options/files.h"
#include "options/issue.h"

namespace adit::options {

struct ParsedProfile {
  ClientProfile profile;
  Issues issues;  // errors too let the rest of the text apply
};

// source: the file, for messages. server: the completed configuration; addresses are judged by its
// network and topology. An address that would break the client is reported and left out.
[[nodiscard]] ParsedProfile parse_client_profile(std::string_view text, const std::string& source,
                                                 const Config& server, Files* files = nullptr);

struct NamedProfile {
  std::string source;
  ClientProfile profile;
};

// What only shows when all profiles lie side by side: addresses given twice, LANs behind a client
// to which the server has no route.
[[nodiscard]] Issues check_profiles(const std::vector<NamedProfile>& profiles,
                                    const Config& server);

}  // namespace adit::options
