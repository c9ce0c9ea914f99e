#pragma once

#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/time.h"
#include "crypto/key_derivation.h"
#include "crypto/static_key.h"
#include "session/control_wrap.h"
#include "session/reliable.h"
#include "session/setup.h"

namespace adit::session {

// What of one session must outlive a process. The TLS object is not in it: a soft reset makes a new
// one. Data keys' packet ids and windows belong to the data plane and travel beside it.
struct KeySnapshot {
  std::uint8_t key_id = 0;
  Reliable::Counters counters;
  crypto::DataKeyMaterial material;
  std::optional<Duration> retire_in;  // superseded: dies then
};

struct SessionSnapshot {
  wire::SessionId own;
  wire::SessionId remote;
  ControlWrap::Counters wrap;
  std::optional<crypto::StaticKey> dynamic_key;
  ControlWrap::Counters dynamic_wrap;
  KeySnapshot key;
  std::optional<KeySnapshot> older;
  std::uint8_t last_key_id = 0;
  Negotiated negotiated;
  std::string peer_info;
  std::string peer_options;

  [[nodiscard]] Buffer encode() const;
  [[nodiscard]] static std::optional<SessionSnapshot> decode(Bytes bytes);
};

}  // namespace adit::session
