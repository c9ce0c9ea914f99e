#include "ip/dhcp.h"

#include <algorithm>

#include "ip/checksum.h"
#include "ip/header_fields.h"

namespace adit::ip {

namespace {

constexpr std::size_t fixed_bytes = 240;  // of a message, up to its options
constexpr std::uint8_t reply = 2;
constexpr std::uint16_t server_port = 67, client_port = 68;
constexpr std::uint32_t cookie = 0x63825363;
constexpr std::uint8_t pad = 0, router = 3, message_type = 53, last_option = 255;
constexpr std::uint8_t offer = 2, acknowledgement = 5;

// The UDP datagram of an answer; empty: it is none.
MutableBytes answer_in(MutableBytes packet) {
  if (packet.size() < v4_header_bytes || packet[0] >> 4 != 4 || packet[9] != protocol_udp)
    return {};
  const std::size_t header = (packet[0] & 15u) * 4u;
  if (is_fragment(packet.data()) || packet.size() < header + udp_header_bytes + fixed_bytes)
    return {};
  const MutableBytes udp = packet.subspan(header);
  const bool ports = load_u16(&udp[0]) == server_port && load_u16(&udp[2]) == client_port;
  if (!ports || load_u16(&udp[4]) != udp.size()) return {};
  const std::uint8_t* message = &udp[udp_header_bytes];
  if (message[0] != reply || load_u32(message + fixed_bytes - 4) != cookie) return {};
  return udp;
}

// Where an option stands, with its head, in the options of a message; its size is 0 if it does not.
Bytes option(Bytes options, std::uint8_t wanted) {
  for (std::size_t at = 0; at < options.size() && options[at] != last_option;) {
    if (options[at] == pad) {
      ++at;
      continue;
    }
    if (at + 1 >= options.size()) return {};
    const std::size_t size = options[at + 1] + std::size_t{2};
    if (at + size > options.size()) return {};
    if (options[at] == wanted) return options.subspan(at, size);
    at += size;
  }
  return {};
}

void mend_checksum(MutableBytes packet, MutableBytes udp) {
  constexpr std::size_t checksum_at = 6;
  if (load_u16(&udp[checksum_at]) == 0) return;  // there was none
  store_u16(&udp[checksum_at], 0);
  const std::uint64_t pseudo_header =
      checksum_addresses(packet.data(), true) + protocol_udp + udp.size();
  const std::uint16_t sum = checksum_fold(checksum_add(pseudo_header, udp));
  store_u16(&udp[checksum_at], sum == 0 ? std::uint16_t{0xFFFF} : sum);
}

}  // namespace

std::optional<Address> take_dhcp_router(MutableBytes packet) {
  const MutableBytes udp = answer_in(packet);
  if (udp.empty()) return std::nullopt;
  const MutableBytes options = udp.subspan(udp_header_bytes + fixed_bytes);
  const Bytes type = option(options, message_type);
  if (type.size() != 3 || (type[2] != offer && type[2] != acknowledgement)) return std::nullopt;
  const Bytes found = option(options, router);
  if (found.size() < 6) return std::nullopt;
  const Address address = Address::v4(load_u32(&found[2]));
  const auto from = options.begin() + (found.data() - options.data());
  const auto size = static_cast<std::ptrdiff_t>(found.size());
  std::fill(std::move(from + size, options.end(), from), options.end(), pad);
  mend_checksum(packet, udp);
  return address;
}

}  // namespace adit::ip
