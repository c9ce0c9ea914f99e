// What a server pushes, separated by commas.

#include "options/fuzz_entries.h"
#include "tests/fuzz/input.h"

namespace adit::fuzz::pushed_options_target {

void try_input(Bytes input) { options::try_pushed(as_text(input)); }

const Target target("pushed_options", try_input);

}  // namespace adit::fuzz::pushed_options_target
