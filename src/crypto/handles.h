#pragma once

// Owners for the OpenSSL objects of this room. Include from .cpp files only.

#include <memory>

#include <openssl/evp.h>
#include <openssl/kdf.h>

#include "base/freer.h"

namespace adit::crypto {

using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, Freer<EVP_CIPHER_CTX_free>>;
using FetchedCipher = std::unique_ptr<EVP_CIPHER, Freer<EVP_CIPHER_free>>;
using MacContext = std::unique_ptr<EVP_MAC_CTX, Freer<EVP_MAC_CTX_free>>;
using FetchedMac = std::unique_ptr<EVP_MAC, Freer<EVP_MAC_free>>;
using KdfContext = std::unique_ptr<EVP_KDF_CTX, Freer<EVP_KDF_CTX_free>>;
using FetchedKdf = std::unique_ptr<EVP_KDF, Freer<EVP_KDF_free>>;

}  // namespace adit::crypto
