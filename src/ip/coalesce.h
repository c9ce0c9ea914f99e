#pragma once

#include <array>
#include <span>

#include "base/packet.h"
#include "ip/vnet_header.h"

namespace adit::ip {

// Joins consecutive TCP segments and UDP datagrams of a flow, so that the kernel takes a run of
// them as one packet. Only what a kernel itself would join, and what it can take apart again into
// exactly these packets: everything else goes alone. Packets of one flow stay in their order.
//
// For one batch: made, filled once, read. It points into the packets and allocates nothing.
class Coalescer {
 public:
  static constexpr std::size_t most_packets = 128;

  struct Kinds {
    bool tcp = false, udp = false;
    bool ethernet = false;  // the packets are frames
  };
  // packets  at most most_packets
  Coalescer(Kinds kinds, std::span<Packet* const> packets);

  [[nodiscard]] std::size_t runs() const { return run_count_; }

  struct Piece {
    const std::uint8_t* data;
    std::size_t size;
  };
  struct Joined {
    VnetHeader header;
    std::span<const Piece> pieces;  // one after the other; valid until the next call
    std::size_t packets = 1;
  };
  // One run as the kernel takes it. Writes the headers of its first packet anew when it has more
  // than one, so a run is asked for once.
  [[nodiscard]] Joined run(std::size_t number);

 private:
  static constexpr std::size_t most_open = 16;
  using Index = std::uint8_t;
  static_assert(most_packets <= 256);

  // What its headers say of one packet; the Ethernet header is not counted.
  struct Shape {
    const std::uint8_t* at;
    std::uint16_t size;
    std::uint16_t payload_at;   // 0: may not be joined
    std::uint8_t transport_at;  // 20 or 40; 0: neither IPv4 nor IPv6
    std::uint8_t protocol;      // 0: no flow is known but the addresses
    std::uint8_t link;          // bytes of an Ethernet header in front of "at"
    [[nodiscard]] bool may_join() const { return payload_at != 0; }
    [[nodiscard]] bool v4() const { return transport_at == 20; }
    [[nodiscard]] std::size_t payload() const { return std::size_t{size} - payload_at; }
  };
  enum class Checked : std::uint8_t { not_yet, good, bad };
  struct Run {
    Shape first;
    Index first_packet, last_packet;
    std::uint8_t packets;
    Checked checked;  // the checksums of the first; all others are good
    bool same_id;     // all have the IPv4 identification of the first
    std::uint32_t next_sequence;
    std::uint32_t size;  // as one packet
  };

  [[nodiscard]] static Shape shape_of(Bytes packet, Kinds kinds);
  [[nodiscard]] static Shape shape_of_frame(Bytes frame, Kinds kinds);
  static void shape_v4(Bytes packet, Kinds kinds, Shape& shape);
  static void shape_v6(Bytes packet, Kinds kinds, Shape& shape);
  static void shape_transport(Bytes packet, Kinds kinds, Shape& shape);
  [[nodiscard]] static bool same_flow(const Shape& a, const Shape& b);
  [[nodiscard]] static bool same_headers(const Run& run, const Shape& shape);
  [[nodiscard]] static bool continues_ids(const Run& run, const Shape& shape);
  [[nodiscard]] static bool is_right(const Shape& shape);
  [[nodiscard]] static bool joins(Run& run, const Shape& shape);
  [[nodiscard]] static bool last_of_run(const Run& run, const Shape& shape);

  void take(Index packet);
  void append(Run& run, Index packet, const Shape& shape);
  void begin_run(Index packet, const Shape& shape);
  void to_front(std::size_t slot);
  void close(std::size_t slot);
  void rewrite_headers(const Run& run);

  Kinds kinds_;
  std::span<Packet* const> packets_;
  std::size_t run_count_ = 0, open_count_ = 0;
  std::array<Index, most_open> open_;  // runs that may grow, the latest first
  // Filled as far as the counts say, and trivial: for a batch of one packet nothing is prepared.
  std::array<Run, most_packets> runs_;
  std::array<Index, most_packets> next_;  // packet of the same run
  std::array<Shape, most_packets> shapes_;
  std::array<Piece, most_packets> pieces_;
};

}  // namespace adit::ip
