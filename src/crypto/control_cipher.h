#pragma once

#include <memory>
#include <optional>
#include <variant>

#include "base/drop.h"
#include "crypto/digest.h"
#include "crypto/static_key.h"
#include "wire/control_packet.h"

namespace adit::crypto {

// Replay protection of a wrapped control packet.
struct Stamp {
  std::uint32_t id = 0;
  std::uint32_t time = 0;  // unix seconds
};

// Wraps and unwraps single control packets; keeps no counters, so a stateless server can use it.
// Control thread only.
class ControlCipher {
 public:
  struct Opened {
    wire::Head head;
    wire::SessionId session;
    std::optional<Stamp> stamp;  // absent without wrapping
    Bytes body;                  // view into the datagram
  };

  virtual ~ControlCipher() = default;
  // Bytes between the control head and the body.
  [[nodiscard]] virtual std::size_t overhead() const = 0;
  [[nodiscard]] virtual bool has_stamp() const = 0;
  // Nothing when room is too small.
  [[nodiscard]] virtual std::optional<std::size_t> seal(wire::Head head,
                                                        const wire::SessionId& session,
                                                        const Stamp& stamp, Bytes body,
                                                        MutableBytes room) = 0;
  // Authenticates and decrypts in place. Replay is the caller's business.
  [[nodiscard]] virtual std::variant<Drop, Opened> open(MutableBytes datagram) = 0;
};

std::unique_ptr<ControlCipher> make_plain_control();
// direction: 0, 1, or nothing for the same slot both ways
std::unique_ptr<ControlCipher> make_tls_auth(const Digest& digest, const StaticKey& key,
                                             std::optional<int> direction);
// Also for tls-crypt-v2 (with the client's key) and dynamic tls-crypt.
std::unique_ptr<ControlCipher> make_tls_crypt(const StaticKey& key, bool server);

}  // namespace adit::crypto
