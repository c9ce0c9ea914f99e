// A client-config-dir file.

#include "options/fuzz_entries.h"
#include "tests/fuzz/input.h"

namespace adit::fuzz::client_profile_target {

void try_input(Bytes input) { options::try_client_profile(as_text(input)); }

const Target target("client_profile", try_input);

}  // namespace adit::fuzz::client_profile_target
