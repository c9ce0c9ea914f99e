#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "crypto/digest.h"
#include "crypto/tls_crypt_v2.h"
#include "options/config.h"
#include "ports/store_port.h"
#include "session/session.h"

namespace adit::node {

// The control channel wrapping a configuration asks for, with its keys loaded.
struct Wrapping {
  enum class Kind { none, tls_auth, tls_crypt } kind = Kind::none;
  crypto::StaticKey key;
  crypto::Digest digest{"SHA1", 20};
  std::optional<int> direction;
  std::optional<crypto::TlsCryptV2ServerKey> v2_server;
  std::optional<crypto::TlsCryptV2ClientKey> v2_client;
  bool force_cookie = false;
  bool tls_server = false;
  // How this end asks for it: "ta.key" and "server.conf:17"; for messages.
  std::string file;
  std::string where;

  // Shared by all sessions without a key of their own. Nothing when only tls-crypt-v2 is allowed.
  [[nodiscard]] std::shared_ptr<crypto::ControlCipher> make_cipher() const;
  // What a client's session uses.
  [[nodiscard]] session::Protection client_protection() const;
  [[nodiscard]] bool only_v2() const { return v2_server && kind == Kind::none; }
};

[[nodiscard]] Result<Wrapping> load_wrapping(const options::Connection& connection,
                                             const std::string& auth_digest, bool tls_server,
                                             ports::StorePort& store);

// The key that an option such as tls-auth names.
[[nodiscard]] Result<crypto::StaticKey> load_static_key(const options::FileOrInline& source,
                                                        std::string_view option,
                                                        ports::StorePort& store);

// The text of a file or inline block, and the name it goes by in messages.
[[nodiscard]] Result<std::string> load_text(const options::FileOrInline& source,
                                            std::string_view option, ports::StorePort& store);

}  // namespace adit::node
