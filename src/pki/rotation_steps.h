#pragma once

// Parts of a rotation that repair() needs too. Include from .cpp files of this room only.

#include "pki/ledger.h"

namespace adit::pki {

// Once both rotation/previous.crt and rotation/next.crt stand: the new authority takes the place of
// the old one. Safe to repeat. Afterwards the ledger knows them by their new places.
[[nodiscard]] Status finish_switch(Ledger& ledger);

// Removes keys and certificates in rotation/ whose part is over, and of which there is a copy.
[[nodiscard]] Status tidy_rotation(Ledger& ledger);

}  // namespace adit::pki
