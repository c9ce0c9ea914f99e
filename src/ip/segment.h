#pragma once

#include "base/bytes.h"
#include "base/drop.h"
#include "ip/vnet_header.h"

namespace adit::ip {

// Makes the checksum of a packet that is not to be split, where its header asks for one.
//
// returns  Drop::malformed: the header contradicts the packet, which is unchanged
[[nodiscard]] Drop finish_checksum(const VnetHeader& header, MutableBytes packet);

// The segments of one TCP or UDP packet that the kernel left whole, as the kernel would have made
// them. They may be taken at different times; the packet must stay where it is until the last.
//
// Nothing of the header is believed that the packet does not bear out, and hdr_len not at all.
class Segments {
 public:
  // Drop::malformed: the header contradicts the packet, and nothing is left.
  [[nodiscard]] Drop begin(const VnetHeader& header, Bytes packet);

  [[nodiscard]] std::size_t left() const { return left_; }

  // Writes the next segment, of which there must be one, and gives its size.
  // 0: it is larger than room; nothing is written, and the next call goes on behind it.
  std::size_t next(MutableBytes room);

 private:
  [[nodiscard]] bool accept(const VnetHeader& header);
  [[nodiscard]] bool accept_v4(std::uint8_t gso_type);
  [[nodiscard]] bool accept_v6(std::uint8_t gso_type);
  [[nodiscard]] bool accept_transport(const VnetHeader& header);
  [[nodiscard]] bool find_transport_v6();
  void prepare_sums(bool has_partial_checksum);
  void write_ip(MutableBytes segment) const;
  void write_tcp(MutableBytes segment, std::uint64_t payload_sum, std::size_t from) const;
  void write_udp(MutableBytes segment, std::uint64_t payload_sum) const;

  Bytes packet_;
  std::size_t left_ = 0;
  std::size_t number_ = 0;                   // of the next segment
  std::size_t size_ = 0;                     // payload of every segment but the last
  std::size_t transport_ = 0, payload_ = 0;  // where they begin
  bool v4_ = false, udp_ = false;
  // Sums of what is the same in every segment.
  std::uint64_t ip_sum_ = 0, transport_sum_ = 0;
};

}  // namespace adit::ip
