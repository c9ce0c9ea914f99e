#pragma once

#include <optional>

#include "base/rng.h"
#include "base/secret.h"
#include "base/time.h"
#include "ip/address.h"
#include "wire/session_id.h"

namespace adit::session {

// The stateless handshake of a UDP server: its session id is a MAC over the client's address and
// session id, so that a stranger costs no memory. source: wire protocol 4.
//
// Time goes by in slots, five minutes or a longer hand-window. A client whose reset is answered in
// two slots hears two session ids and is lost to both until it starts anew; stock's slots are half
// a hand-window, and on a road of 2.5 s one handshake in twelve ends so.
class Cookie {
 public:
  Cookie(Rng& rng, Duration hand_window);

  [[nodiscard]] wire::SessionId make(const ip::Endpoint& from, const wire::SessionId& client,
                                     Instant now) const;
  // Good in its own time slot and the one after it.
  [[nodiscard]] bool verify(const wire::SessionId& cookie, const ip::Endpoint& from,
                            const wire::SessionId& client, Instant now) const;

 private:
  [[nodiscard]] wire::SessionId of_slot(std::int64_t slot, const ip::Endpoint& from,
                                        const wire::SessionId& client) const;
  [[nodiscard]] std::int64_t slot(Instant now) const { return whole_seconds(now) / slot_seconds_; }

  Secret<32> key_;
  std::int64_t slot_seconds_;
};

}  // namespace adit::session
