#include "app/title.h"

#include <openssl/crypto.h>

namespace adit::app {

std::string title() {
  return "OpenVPN 2.6.14 x86_64-pc-linux-gnu [SSL (OpenSSL)] [LZ4] [EPOLL] [PKCS11] [MH/PKTINFO] "
         "[AEAD] [adit " ADIT_VERSION "]";
}

std::string tls_library() { return OpenSSL_version(OPENSSL_VERSION); }

std::string version_text() {
  return title() + "\nlibrary versions: " + tls_library() +
         "\nadit " ADIT_VERSION
         ": an OpenVPN-compatible VPN, licence Apache-2.0; not made by OpenVPN "
         "Inc.\n";
}

}  // namespace adit::app
