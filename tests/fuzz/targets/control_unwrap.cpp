// Wrapped control packets under every wrapping: any bytes opened by either end; and a packet we
// sealed, damaged on its way, which must not open unless it is what was sealed.
//
//   wrapping | any bytes as a piece | first byte, session id, stamp, body as a piece | damage

#include <algorithm>

#include "tests/fuzz/fixtures.h"
#include "tests/fuzz/input.h"

namespace adit::fuzz {

namespace {

using crypto::ControlCipher;

void try_any(ControlCipher& cipher, Bytes bytes) {
  Buffer datagram = to_buffer(bytes);
  const auto result = cipher.open(datagram);
  const auto* opened = std::get_if<ControlCipher::Opened>(&result);
  if (opened == nullptr) return;
  ADIT_ASSERT(opened->session.defined());
  static_cast<void>(wire::decode_control_body(opened->head.opcode, opened->body));
}

std::optional<Buffer> seal(ControlCipher& cipher, Input& input) {
  const auto head = wire::parse_head(input.u8());
  const auto session = wire::SessionId::from(input.take(8));
  const crypto::Stamp stamp{input.u32(), input.u32()};
  const Bytes body = input.piece();
  if (!head || wire::is_data(head->opcode) || !session.defined()) return std::nullopt;
  Buffer datagram(wire::control_head_bytes + cipher.overhead() + body.size());
  ADIT_ASSERT(cipher.seal(*head, session, stamp, body, datagram) == datagram.size());
  Buffer narrow(datagram.size() - 1);
  ADIT_ASSERT(!cipher.seal(*head, session, stamp, body, narrow));

  return datagram;
}

void expect_opens(const ControlPair& pair, Buffer datagram, Bytes body) {
  const auto result = pair.server->open(datagram);
  const auto* opened = std::get_if<ControlCipher::Opened>(&result);
  ADIT_ASSERT(opened != nullptr && opened->stamp.has_value() == pair.client->has_stamp());
  ADIT_ASSERT(std::ranges::equal(opened->body, body));
}

}  // namespace

void try_input(Bytes bytes) {
  Input input(bytes);
  const ControlPair& pair = input.pick(control_pairs());
  const Bytes any = input.piece();
  try_any(*pair.client, any);
  try_any(*pair.server, any);

  Input copy = input;
  const auto sealed = seal(*pair.client, input);
  if (!sealed) return;
  copy.take(1 + 8 + 8);
  expect_opens(pair, *sealed, copy.piece());
  Buffer damaged = *sealed;
  damage(damaged, input);
  if (same(damaged, *sealed) || !pair.authenticates) return;
  const auto result = pair.server->open(damaged);
  ADIT_ASSERT(std::holds_alternative<Drop>(result));
}

}  // namespace adit::fuzz
