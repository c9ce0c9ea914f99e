#pragma once

#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "wire/control_packet.h"

namespace adit::session {

// The reliability layer of one key state: both directions' packet ids, acknowledgements and
// retransmissions. source: wire protocol 3.1, 3.2.
class Reliable {
 public:
  static constexpr std::uint32_t send_window = 6;
  static constexpr std::uint32_t receive_window = 12;
  static constexpr std::size_t acks_in_ack_packet = 8;
  static constexpr std::size_t acks_in_other_packets = 4;

  explicit Reliable(Duration first_timeout) : first_timeout_(first_timeout) {}

  // Sending. queue() needs can_queue(); packets become due at once.
  [[nodiscard]] bool can_queue() const;
  void queue(wire::Opcode opcode, Buffer payload);
  struct Due {
    wire::Opcode opcode;
    std::uint32_t id;
    Bytes payload;  // valid until the next call
  };
  // The next packet to (re)transmit; its timer is wound up again, twice as long.
  [[nodiscard]] std::optional<Due> take_due(Instant now);
  void acknowledge(std::span<const std::uint32_t> ids);
  [[nodiscard]] bool all_acknowledged() const { return sending_.empty(); }
  // The peer has just shown up: whatever it missed goes out at once, once.
  void burst(Instant now);

  // Receiving. Packets beyond the window are not acknowledged.
  enum class Receipt { fresh, duplicate, beyond_window };
  Receipt receive(std::uint32_t id, wire::Opcode opcode, Bytes payload);
  struct Received {
    wire::Opcode opcode;
    Buffer payload;
  };
  [[nodiscard]] std::optional<Received> take_in_order();

  // Acknowledgements for the next packet: new ones first, then the most recent ones again.
  [[nodiscard]] wire::AckList take_acks(std::size_t limit);
  [[nodiscard]] bool acks_pending() const { return !new_acks_.empty(); }

  [[nodiscard]] Deadline deadline() const;

  // What a key state without its TLS object still needs after a restart.
  struct Counters {
    std::uint32_t next_send = 0;
    std::uint32_t next_expected = 0;
  };
  [[nodiscard]] Counters counters() const { return {next_send_, next_expected_}; }
  void restore(const Counters& counters);

 private:
  struct Outgoing {
    std::uint32_t id;
    wire::Opcode opcode;
    Buffer payload;
    Instant due = Instant::min();
    Duration timeout;
    int later_acked = 0;
  };
  struct Incoming {
    std::uint32_t id;
    Received packet;
  };

  void note_acked(std::uint32_t id);

  Duration first_timeout_;
  // All are short, and empty most of the time: then they hold no memory.
  std::vector<Outgoing> sending_;
  std::vector<Incoming> received_;
  std::vector<std::uint32_t> new_acks_;
  std::vector<std::uint32_t> recent_acks_;  // most recent first
  std::uint32_t next_send_ = 0;
  std::uint32_t next_expected_ = 0;
};

}  // namespace adit::session
