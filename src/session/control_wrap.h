#pragma once

#include <memory>

#include "base/drop.h"
#include "base/time.h"
#include "crypto/control_cipher.h"
#include "crypto/replay_window.h"

namespace adit::session {

// The wrapping of one session's control packets: a cipher, the count of packets sent and the window
// of packets received. Every transmission, also a repeated one, takes a new stamp.
class ControlWrap {
 public:
  // first_id    where the count begins (early negotiation marks itself there)
  // stamp_time  the time field of every stamp
  ControlWrap(std::shared_ptr<crypto::ControlCipher> cipher, WallTime stamp_time,
              std::uint32_t first_id = 1);

  [[nodiscard]] std::size_t overhead() const { return cipher_->overhead(); }
  [[nodiscard]] bool is_plain() const { return !cipher_->has_stamp(); }
  [[nodiscard]] WallTime stamp_time() const { return {next_.time}; }
  // Nothing when room is too small or the count has come to its end.
  [[nodiscard]] std::optional<std::size_t> seal(wire::Head head, const wire::SessionId& session,
                                                Bytes body, MutableBytes room);
  // Opens in place and refuses replays.
  [[nodiscard]] std::variant<Drop, crypto::ControlCipher::Opened> open(MutableBytes datagram,
                                                                       Instant now);

  struct Counters {
    crypto::Stamp next;
    crypto::ReplayWindow::State received;
  };
  [[nodiscard]] Counters counters() const { return {next_, window_.state()}; }
  void restore(const Counters& counters, Instant now);

 private:
  std::shared_ptr<crypto::ControlCipher> cipher_;
  crypto::Stamp next_;
  crypto::ReplayWindow window_;
};

}  // namespace adit::session
