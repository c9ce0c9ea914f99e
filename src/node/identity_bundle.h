#pragma once

#include "options/config.h"
#include "ports/store_port.h"
#include "tls/context.h"

namespace adit::node {

// The text of an option's file or block with the name it goes by; undefined where the option is not
// given.
[[nodiscard]] Result<tls::NamedPem> load_pem(const options::FileOrInline& source,
                                             std::string_view option, ports::StorePort& store);

// The bytes that "pkcs12" names, or that stand in its block as base64.
[[nodiscard]] Result<std::string> load_bundle(const options::FileOrInline& source,
                                              ports::StorePort& store);

// Puts what "pkcs12" holds in its places. Its authorities are those we trust where "ca" names none,
// and else go along with our certificate. source: surfaces 14
[[nodiscard]] Status unpack_bundle(const options::Identity& identity, ports::StorePort& store,
                                   const SecretText& passphrase, tls::Setup& setup);

}  // namespace adit::node
