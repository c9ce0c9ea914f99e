#pragma once

// Keys and parameters that targets and the makers of their first inputs share.

#include <span>

#include "crypto/control_cipher.h"
#include "crypto/data_channel.h"
#include "crypto/tls_crypt_v2.h"

namespace adit::fuzz {

inline constexpr WallTime epoch_wall{1795342000};
inline constexpr Instant start_of_time{std::chrono::hours(1)};

const crypto::StaticKey& static_key();
const crypto::TlsCryptV2ServerKey& v2_server_key();
const crypto::TlsCryptV2ClientKey& v2_client_key();

// Control wrappings, as one end and the other would make them.
struct ControlPair {
  const char* name;
  std::unique_ptr<crypto::ControlCipher> client;
  std::unique_ptr<crypto::ControlCipher> server;
  bool authenticates;
};
std::span<const ControlPair> control_pairs();

// Data formats that can be negotiated, and some that cannot any more.
struct NamedFormat {
  const char* name;
  crypto::DataFormat format;
  bool authenticates;        // some part of a packet at least
  bool header_is_protected;  // first byte and peer id as well
};
std::span<const NamedFormat> data_formats();
const crypto::DirectionKeys& data_keys();

}  // namespace adit::fuzz
