#pragma once

#include <array>
#include <optional>
#include <span>
#include <utility>

#include "ports/link_port.h"
#include "system/socket_options.h"

namespace adit::system {

// What the kernel keeps for a UDP socket beside its packets: that something sent was too large, by
// itself or because a router on the way said so (ICMP); and the last of what else did not arrive. A
// queue that nobody reads keeps epoll awake.
class UdpErrors {
 public:
  // Before the first packet; nothing is kept unless this was asked for. A kernel that refuses is no
  // obstacle.
  void ask(int socket, Stack stack);

  // Reading thread: empties the queue, but no more than some at once.
  void drain(int socket);
  // Reading thread: what was kept since the last call. Returns how many were written to hints.
  [[nodiscard]] std::size_t take(std::span<ports::TooLarge> hints);
  // The last other error since the last call.
  [[nodiscard]] std::optional<ports::LinkError> take_other() {
    return std::exchange(other_, std::nullopt);
  }

 private:
  static constexpr std::size_t most = 16;

  bool asked_ = false;
  std::array<ports::TooLarge, most> kept_{};
  std::size_t count_ = 0;
  std::optional<ports::LinkError> other_;
};

}  // namespace adit::system
