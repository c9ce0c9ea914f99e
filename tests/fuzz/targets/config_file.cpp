// A whole configuration file: lexer, rows, helpers, checks, all messages.

#include "options/fuzz_entries.h"
#include "tests/fuzz/input.h"

namespace adit::fuzz::config_file_target {

void try_input(Bytes input) { options::try_config(as_text(input)); }

const Target target("config_file", try_input);

}  // namespace adit::fuzz::config_file_target
