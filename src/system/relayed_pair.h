#pragma once

#include <array>

#include "base/bytes.h"
#include "system/fd.h"

namespace adit::system {

// Two connected, non-blocking stream sockets, each of which gets what the other sends: in order, no
// faster than it takes it, and with the end told by itself. One thread.
class RelayedPair {
 public:
  RelayedPair(Fd first, Fd second) : sockets_{std::move(first), std::move(second)} {}

  [[nodiscard]] int fd(std::size_t side) const { return sockets_.at(side).get(); }
  // What this side waits for, as EPOLLIN and EPOLLOUT; 0: nothing, it may not be watched now.
  [[nodiscard]] std::uint32_t interest(std::size_t side) const;
  // Moves a bounded amount both ways. False: it is over.
  //
  // room  lent for the call
  [[nodiscard]] bool move(MutableBytes room);

 private:
  // From sockets_[i] to the other.
  struct Flow {
    Buffer waiting;  // what the other did not take yet, from sent on
    std::size_t sent = 0;
    bool ended = false;   // nothing more comes
    bool passed = false;  // and the other was told so
    [[nodiscard]] bool stuck() const { return sent < waiting.size(); }
  };

  [[nodiscard]] bool pump(std::size_t from, MutableBytes room);
  [[nodiscard]] bool send_waiting(Flow& flow, int to);
  [[nodiscard]] bool receive(Flow& flow, int from, int to, MutableBytes room);

  std::array<Fd, 2> sockets_;
  std::array<Flow, 2> flows_;
};

}  // namespace adit::system
