#pragma once

// What issuing and renewing share. Include from .cpp files of this room only.

#include "pki/ledger.h"

namespace adit::pki {

// Refuses once the authority's own certificate is over.
[[nodiscard]] Status check_authority(const Ledger& ledger, WallTime now);

// Nothing wished: the type of the authority's key.
[[nodiscard]] KeyType type_for(const Ledger& ledger, const std::optional<KeyType>& wished);

[[nodiscard]] Validity validity_for(const Ledger& ledger, std::chrono::days lifetime, WallTime now);

// The authority with its key; both must outlive what is returned.
[[nodiscard]] Signer signer_of(const Ledger& ledger, EVP_PKEY* ca_key);

// What stands in issued/: the certificate, and for a server behind it what leads clients from the
// previous authority to the one that signed.
[[nodiscard]] Result<std::string> issued_text(const Ledger& ledger, X509* certificate);

// Puts a signed certificate into certs_by_serial/: from there repair() carries on.
[[nodiscard]] Status save_signed(Disk& disk, X509* certificate);
// Serial file and index.
[[nodiscard]] Status enter_signed(Ledger& ledger, const Facts& facts);

// Puts the newer certificate of an overlap, and its key if that is new, in the place of the older.
// Safe to repeat. True when there was something to do.
[[nodiscard]] Result<bool> finish_renewal(Ledger& ledger, const Overlap& overlap);

}  // namespace adit::pki
