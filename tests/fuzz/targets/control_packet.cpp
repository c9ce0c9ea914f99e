// Head and body of control packets: whatever decodes, encodes to the same bytes again.

#include "wire/control_packet.h"

#include <algorithm>

#include "tests/fuzz/input.h"

namespace adit::fuzz {

void try_input(Bytes input) {
  const auto head = wire::decode_control_head(input);
  if (!head) return;
  ADIT_ASSERT(head->session.defined());
  ADIT_ASSERT(!wire::is_data(head->head.opcode));
  ADIT_ASSERT(wire::head_byte(head->head.opcode, head->head.key_id) == input[0]);

  const Bytes body_bytes = input.subspan(wire::control_head_bytes);
  const auto body = wire::decode_control_body(head->head.opcode, body_bytes);
  if (!body) return;
  ADIT_ASSERT(body->packet_id.has_value() == (head->head.opcode != wire::Opcode::ack_v1));
  ADIT_ASSERT(wire::control_body_overhead(body->acks.size(), body->packet_id.has_value()) +
                  body->payload.size() ==
              body_bytes.size());
  Buffer again(body_bytes.size());
  ADIT_ASSERT(wire::encode_control_body(*body, again) == again.size());
  ADIT_ASSERT(std::ranges::equal(again, body_bytes));
  Buffer narrow(again.size() - 1);
  ADIT_ASSERT(!wire::encode_control_body(*body, narrow));
}

}  // namespace adit::fuzz
