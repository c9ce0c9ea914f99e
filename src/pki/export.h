#pragma once

#include <string>

#include "base/secret.h"

namespace adit::pki {

// Everything of one client that goes into its profile, as PEM.
struct Exported {
  std::string name;
  std::string ca;  // every certificate of ca.crt
  std::string certificate;
  SecretText key;           // as it lies in the directory, so it may be protected
  SecretText tls_crypt_v2;  // the client's key, wrapped for the server
};

}  // namespace adit::pki
