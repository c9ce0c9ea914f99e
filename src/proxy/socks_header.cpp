#include "proxy/socks_header.h"

namespace adit::proxy {

void put_socks_header(Packet& packet, const ip::Endpoint& to) {
  Writer writer({packet.prepend(socks_header_bytes), socks_header_bytes});
  writer.u24(0);  // reserved, and no fragment
  writer.u8(socks_v4_address);
  writer.u32(to.address.v4_number());
  writer.u16(to.port);
}

std::optional<ip::Endpoint> take_socks_header(Packet& packet) {
  Reader reader(packet.bytes());
  const std::uint32_t reserved = reader.u24();
  const std::uint8_t kind = reader.u8();
  const auto address = ip::Address::v4(reader.u32());
  const std::uint16_t port = reader.u16();
  if (!reader.ok() || reserved != 0 || kind != socks_v4_address) return std::nullopt;
  packet.drop_front(socks_header_bytes);
  return ip::Endpoint{address, port, 0};
}

}  // namespace adit::proxy
