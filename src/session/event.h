#pragma once

#include <string>
#include <variant>
#include <vector>

#include "base/secret.h"
#include "crypto/key_derivation.h"
#include "tls/engine.h"
#include "wire/control_message.h"

namespace adit::session {

// The peer's key exchange message is in: may it enter? Answer with Session::admit or refuse.
struct AuthWanted {
  std::uint8_t key_id;
  bool first;  // false: a renegotiation
  std::string username;
  SecretText password;
};
// The first key state is active and the peer is admitted. A server and a point-to-point peer now
// negotiate and answer with Session::configure; a client waits for Pushed.
struct Established {};
// The whole PUSH_REPLY, all continuations. Answer with Session::configure.
struct Pushed {
  std::vector<std::string> options;
};
// An option list outside the first exchange (a renewed auth-token).
struct PushedLater {
  std::vector<std::string> options;
};
// The whole PUSH_UPDATE, all continuations: a living tunnel is to change.
struct PushUpdated {
  std::vector<std::string> options;
};
// Receive with this key at once.
struct KeysReady {
  std::uint8_t key_id;
  crypto::DataKeyMaterial material;
};
// Send with this key from now on.
struct SendKey {
  std::uint8_t key_id;
};
struct KeyRetired {
  std::uint8_t key_id;
};
struct MessageReceived {
  wire::ControlMessage message;
};
struct Renegotiating {
  std::uint8_t key_id;
  bool by_peer;
};

enum class FailureReason {
  handshake_timeout,  // hand-window passed
  no_push_reply,      // hand-window passed since the first PUSH_REQUEST
  no_decision,        // nobody decided about AuthWanted in time
  tls,                // see TlsFailure
  bad_key_method,     // the peer's key exchange message makes no sense
  no_key_material,    // the exporter failed, or counters ran out
  refused,            // we refused the peer in a renegotiation
  key_expired,        // the last key's life ended without a new one
};
// alive: an older key goes on working until its time is up.
struct Failed {
  FailureReason reason;
  tls::TlsFailure tls;
  bool alive;
  bool answered;  // the peer was heard of at all
  bool secured;   // TLS was done on this side
};

using Event = std::variant<AuthWanted, Established, Pushed, PushedLater, PushUpdated, KeysReady,
                           SendKey, KeyRetired, MessageReceived, Renegotiating, Failed>;

}  // namespace adit::session
