// A TCP stream, however it is cut: the packets are those of the uncut stream.
//
//   u16 largest packet | slack of the buffer | 16 lengths of receptions, used in turn | stream

#include "wire/tcp_framing.h"

#include <algorithm>

#include "tests/fuzz/input.h"
#include "wire/first_bytes.h"

namespace adit::fuzz {

namespace {

struct Cut {
  std::vector<Buffer> packets;
  bool broken = false;
  bool operator==(const Cut&) const = default;
};

Cut cut_at_once(Bytes stream, std::size_t largest) {
  Cut cut;
  Reader reader(stream);
  while (reader.left() >= 2) {
    const std::size_t length = reader.u16();
    cut.broken = length == 0 || length > largest;
    if (cut.broken || reader.left() < length) break;
    cut.packets.push_back(to_buffer(reader.take(length)));
  }
  return cut;
}

}  // namespace

void try_input(Bytes bytes) {
  Input input(bytes);
  const std::size_t largest = 1 + input.u16() % 2000;
  wire::TcpDeframer deframer(wire::tcp_length_bytes + largest + input.u8(), largest);
  const Bytes receptions = input.take(16);
  const Bytes stream = input.rest();

  Cut found;
  std::size_t at = 0;
  for (std::size_t turn = 0; at < stream.size() && !found.broken; ++turn) {
    const MutableBytes room = deframer.room();
    ADIT_ASSERT(!room.empty());
    const std::size_t offered = 1 + (receptions.empty() ? 0 : receptions[turn % receptions.size()]);
    const std::size_t count = std::min({offered, room.size(), stream.size() - at});
    std::ranges::copy(stream.subspan(at, count), room.begin());
    deframer.filled(count);
    at += count;
    while (const auto packet = deframer.next()) found.packets.push_back(to_buffer(*packet));
    found.broken = deframer.broken();
  }
  ADIT_ASSERT(found == cut_at_once(stream, largest));
  const bool tells = wire::judge_first_bytes(stream) != wire::Caller::unknown_yet;
  ADIT_ASSERT(tells || stream.size() < wire::telling_bytes);
}

}  // namespace adit::fuzz
