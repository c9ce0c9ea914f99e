// What a server pushes, separated by commas.

#include "options/fuzz_entries.h"
#include "tests/fuzz/input.h"

namespace adit::fuzz {

void try_input(Bytes input) { options::try_pushed(as_text(input)); }

}  // namespace adit::fuzz
