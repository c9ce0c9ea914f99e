// A client-config-dir file.

#include "options/fuzz_entries.h"
#include "tests/fuzz/input.h"

namespace adit::fuzz {

void try_input(Bytes input) { options::try_client_profile(as_text(input)); }

}  // namespace adit::fuzz
