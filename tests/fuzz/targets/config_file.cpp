// A whole configuration file: lexer, rows, helpers, checks, all messages.

#include "options/fuzz_entries.h"
#include "tests/fuzz/input.h"

namespace adit::fuzz {

void try_input(Bytes input) { options::try_config(as_text(input)); }

}  // namespace adit::fuzz
