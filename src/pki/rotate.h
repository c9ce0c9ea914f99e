#pragma once

// What the files of a rotation share. Include from .cpp files of this room only.

#include "pki/ledger.h"
#include "pki/rotation.h"

namespace adit::pki {

[[nodiscard]] Rotation rotation_of(const Ledger& ledger, WallTime now);
// The authority that signs, then its siblings.
[[nodiscard]] std::vector<Entry> authority_entries(const Ledger& ledger, WallTime now);
// A profile of this name was made after the certificate.
[[nodiscard]] bool is_exported(const Disk& disk, const Name& name, WallTime issued);

}  // namespace adit::pki
