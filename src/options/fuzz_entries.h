#pragma once

#include <string_view>

namespace adit::options {

// Any bytes in, nothing out; what must hold is asserted. For the fuzzers and for tests that feed
// rubbish.
void try_config(std::string_view text);
void try_client_profile(std::string_view text);
void try_pushed(std::string_view text);  // options separated by commas

}  // namespace adit::options
