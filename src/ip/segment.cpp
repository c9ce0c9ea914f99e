#include "ip/segment.h"

#include <algorithm>
#include <cstring>

#include "base/assert.h"
#include "ip/checksum.h"
#include "ip/header_fields.h"

namespace adit::ip {

namespace {

// A computed zero would say "no checksum".
std::uint16_t never_zero(std::uint16_t checksum) { return checksum == 0 ? 0xFFFF : checksum; }

}  // namespace

Drop finish_checksum(const VnetHeader& header, MutableBytes packet) {
  if ((header.flags & VnetHeader::needs_checksum) == 0) return Drop::none;
  const std::size_t start = header.csum_start;
  const std::size_t field = start + header.csum_offset;
  if (start < v4_header_bytes || field + 2 > packet.size()) return Drop::malformed;
  // The field already holds the sum of the pseudo-header.
  store_u16(&packet[field], never_zero(checksum_fold(checksum_add(0, packet.subspan(start)))));
  return Drop::none;
}

Drop Segments::begin(const VnetHeader& header, Bytes packet) {
  packet_ = packet;
  left_ = number_ = 0;
  if (!accept(header)) return Drop::malformed;
  size_ = header.gso_size;
  const std::size_t payload = packet.size() - payload_;
  left_ = std::max<std::size_t>(1, (payload + size_ - 1) / size_);
  prepare_sums((header.flags & VnetHeader::needs_checksum) != 0);
  return Drop::none;
}

bool Segments::accept(const VnetHeader& header) {
  if (header.gso_size == 0 || packet_.empty()) return false;
  const auto gso_type = static_cast<std::uint8_t>(header.gso_type & ~VnetHeader::ecn);
  udp_ = gso_type == VnetHeader::udp;
  v4_ = packet_[0] >> 4 == 4;
  if (!(v4_ ? accept_v4(gso_type) : accept_v6(gso_type))) return false;
  return accept_transport(header);
}

bool Segments::accept_v4(std::uint8_t gso_type) {
  if (!udp_ && gso_type != VnetHeader::tcp_v4) return false;
  if (packet_.size() < v4_header_bytes) return false;
  transport_ = (packet_[0] & 15u) * 4u;
  return transport_ >= v4_header_bytes && packet_[9] == (udp_ ? protocol_udp : protocol_tcp);
}

bool Segments::accept_v6(std::uint8_t gso_type) {
  if (!udp_ && gso_type != VnetHeader::tcp_v6) return false;
  if (packet_.size() < v6_header_bytes || packet_[0] >> 4 != 6) return false;
  return find_transport_v6();
}

// Behind the extension headers with which the kernel makes segments.
bool Segments::find_transport_v6() {
  constexpr std::uint8_t hop_by_hop = 0, routing = 43, destination = 60;
  const std::uint8_t wanted = udp_ ? protocol_udp : protocol_tcp;
  std::uint8_t kind = packet_[6];
  transport_ = v6_header_bytes;
  while (kind != wanted) {
    if (kind != hop_by_hop && kind != routing && kind != destination) return false;
    if (transport_ + 8 > packet_.size()) return false;
    kind = packet_[transport_];
    transport_ += (packet_[transport_ + 1] + std::size_t{1}) * 8;
  }
  return true;
}

bool Segments::accept_transport(const VnetHeader& header) {
  const std::size_t least = udp_ ? udp_header_bytes : tcp_header_bytes;
  if (transport_ + least > packet_.size()) return false;
  if ((header.flags & VnetHeader::needs_checksum) != 0) {
    const std::size_t field = udp_ ? udp_checksum_at : tcp_checksum_at;
    if (header.csum_start != transport_ || header.csum_offset != field) return false;
  }
  const std::size_t length = udp_ ? least : std::size_t{packet_[transport_ + 12]} / 16 * 4;
  payload_ = transport_ + length;
  // More would not fit the length fields.
  const std::size_t largest = 0xFFFF + (v4_ ? 0 : v6_header_bytes);
  return length >= least && payload_ <= packet_.size() && packet_.size() <= largest;
}

// With a partial checksum the field holds the pseudo-header's sum with the length of the whole: it
// is right behind a routing header too, where the last destination is not in the IP header.
void Segments::prepare_sums(bool has_partial_checksum) {
  const std::uint8_t* ip = packet_.data();
  const std::uint8_t* transport = ip + transport_;
  if (has_partial_checksum) {
    const std::uint16_t partial = load_u16(transport + (udp_ ? udp_checksum_at : tcp_checksum_at));
    transport_sum_ = checksum_subtract(partial, packet_.size() - transport_);
  } else {
    transport_sum_ = checksum_addresses(ip, v4_) + (udp_ ? protocol_udp : protocol_tcp);
  }
  const Bytes header = packet_.subspan(transport_, payload_ - transport_);
  if (udp_) {
    transport_sum_ = checksum_add(transport_sum_, header.first(4));
  } else {  // without sequence number, flags and checksum
    transport_sum_ = checksum_add(transport_sum_, header.first(4));
    transport_sum_ = checksum_add(transport_sum_, header.subspan(8, 4));
    transport_sum_ = checksum_add(transport_sum_, header.subspan(14, 2));
    transport_sum_ = checksum_add(transport_sum_, header.subspan(18));
  }
  if (!v4_) return;  // without length, identification and checksum
  ip_sum_ = checksum_add(0, packet_.first(2));
  ip_sum_ = checksum_add(ip_sum_, packet_.subspan(6, 4));
  ip_sum_ = checksum_add(ip_sum_, packet_.subspan(12, transport_ - 12));
}

std::size_t Segments::next(MutableBytes room) {
  ADIT_ASSERT(left_ > 0);
  const std::size_t from = number_ * size_;  // in the payload
  const Bytes payload = packet_.subspan(payload_ + from);
  const Bytes part = payload.first(std::min(size_, payload.size()));
  const std::size_t total = payload_ + part.size();
  --left_;
  if (total <= room.size()) {
    std::memcpy(room.data(), packet_.data(), payload_);
    const std::uint64_t sum = checksum_copy(0, part, room.data() + payload_);
    const MutableBytes segment = room.first(total);
    write_ip(segment);
    if (udp_) {
      write_udp(segment, sum);
    } else {
      write_tcp(segment, sum, from);
    }
  }
  ++number_;
  return total <= room.size() ? total : 0;
}

void Segments::write_ip(MutableBytes segment) const {
  if (!v4_) return store_u16(&segment[4], low(segment.size() - v6_header_bytes));
  const std::uint16_t length = low(segment.size());
  const std::uint16_t identification = low(load_u16(&packet_[4]) + number_);
  store_u16(&segment[2], length);
  store_u16(&segment[4], identification);
  store_u16(&segment[10], checksum_fold(ip_sum_ + length + identification));
}

void Segments::write_tcp(MutableBytes segment, std::uint64_t payload_sum, std::size_t from) const {
  const MutableBytes tcp = segment.subspan(transport_);
  const std::uint32_t sequence = load_u32(&tcp[4]) + static_cast<std::uint32_t>(from);
  store_u32(&tcp[4], sequence);
  std::uint8_t flags = tcp[13];
  if (left_ > 0) flags &= static_cast<std::uint8_t>(~(tcp_fin | tcp_psh));
  if (number_ > 0) flags &= static_cast<std::uint8_t>(~tcp_cwr);
  tcp[13] = flags;
  const std::uint64_t changed = std::uint64_t{sequence} + load_u16(&tcp[12]) + tcp.size();
  store_u16(&tcp[tcp_checksum_at], checksum_fold(transport_sum_ + changed + payload_sum));
}

void Segments::write_udp(MutableBytes segment, std::uint64_t payload_sum) const {
  const MutableBytes udp = segment.subspan(transport_);
  const std::uint16_t length = low(udp.size());
  store_u16(&udp[4], length);
  const std::uint64_t changed = std::uint64_t{length} * 2;  // in the pseudo-header and the header
  store_u16(&udp[udp_checksum_at],
            never_zero(checksum_fold(transport_sum_ + changed + payload_sum)));
}

}  // namespace adit::ip
