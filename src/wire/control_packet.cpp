#include "wire/control_packet.h"

namespace adit::wire {

std::optional<ControlBody> decode_control_body(Opcode opcode, Bytes bytes) {
  Reader reader(bytes);
  ControlBody body;
  const std::size_t acks = reader.u8();
  if (acks > AckList::capacity) return std::nullopt;
  for (std::size_t i = 0; i < acks; ++i) body.acks.push(reader.u32());
  if (acks > 0) body.remote = SessionId::from(reader.take(8));
  if (opcode != Opcode::ack_v1) body.packet_id = reader.u32();
  body.payload = reader.rest();
  if (!reader.ok()) return std::nullopt;
  return body;
}

std::optional<std::size_t> encode_control_body(const ControlBody& body, MutableBytes room) {
  Writer writer(room);
  writer.u8(static_cast<std::uint8_t>(body.acks.size()));
  for (const std::uint32_t id : body.acks.ids()) writer.u32(id);
  if (!body.acks.empty()) writer.put(body.remote.bytes());
  if (body.packet_id) writer.u32(*body.packet_id);
  writer.put(body.payload);
  if (!writer.ok()) return std::nullopt;
  return writer.size();
}

std::optional<ControlHead> decode_control_head(Bytes datagram) {
  if (datagram.size() < control_head_bytes) return std::nullopt;
  const auto head = parse_head(datagram[0]);
  if (!head || is_data(head->opcode)) return std::nullopt;
  const SessionId session = SessionId::from(datagram.subspan(1, 8));
  if (!session.defined()) return std::nullopt;
  return ControlHead{*head, session};
}

}  // namespace adit::wire
