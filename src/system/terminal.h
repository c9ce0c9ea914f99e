#pragma once

#include <string>

#include "base/result.h"
#include "base/secret.h"

namespace adit::system {

// Asks the user: on the terminal of the process; where there is none through the service manager's
// password agents, or else on standard input, if that or standard error is some terminal. Blocks
// until there is an answer or a signal asks the process to end.
//
// echo  whether what is typed may be seen
[[nodiscard]] Result<SecretText> ask(const std::string& prompt, bool echo);

struct Credentials {
  std::string user;
  SecretText password;
};
// kind  what they are for, "Auth": "Enter Auth Username:", "Enter Auth Password:"
[[nodiscard]] Result<Credentials> ask_credentials(const std::string& kind);

// For tests: the terminal need not be ours.
[[nodiscard]] Result<SecretText> ask_on(const std::string& terminal, const std::string& prompt,
                                        bool echo);

}  // namespace adit::system
