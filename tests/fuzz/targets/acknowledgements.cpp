// A batch of packets of a few TCP connections: of pure acknowledgements those go that a later one
// replaces. What stays is unchanged and in order; whatever went has its like behind it, with a
// higher number and otherwise the same header.
//
//   choice | piece, or connection, step, changes

#include "ip/acknowledgements.h"

#include <algorithm>

#include "tests/fuzz/input.h"
#include "tests/unit/ip/packets.h"

namespace adit::fuzz {

namespace {

namespace made = ip::made;

std::vector<Buffer> batch_of(Input& input) {
  std::vector<made::Fields> flows(4);
  for (std::size_t i = 0; i < flows.size(); ++i) {
    flows[i].v6 = (i & 1) != 0;
    flows[i].from_port = static_cast<std::uint16_t>(40000 + i / 2 * 16);  // of one place
  }
  std::vector<Buffer> batch;
  while (!input.empty() && batch.size() < 128) {
    const std::uint8_t choice = input.u8();
    if (choice < 16) {
      batch.push_back(to_buffer(input.piece()));
      continue;
    }
    made::Fields& flow = flows[choice % 4];
    flow.acknowledged += input.u8() * 0x800000u;
    flow.window = input.u8();
    flow.payload.assign(input.below(8) == 0 ? 4 : 0, 1);
    if (input.below(8) == 0) flow.tcp_options = {1, 1, 8, 10, 0, 0, 0, input.u8(), 0, 0, 0, 2};
    Buffer packet = made::packet(flow);
    if (input.below(4) == 0) packet[input.below(packet.size())] ^= input.u8();
    batch.push_back(std::move(packet));
  }
  return batch;
}

// Without what may differ: identification, checksums, acknowledged number, window.
Buffer rest_of(Buffer packet) {
  const bool v4 = packet[0] == 0x45;
  const std::size_t tcp = v4 ? 20 : 40;
  if (v4) packet[4] = packet[5] = packet[10] = packet[11] = 0;
  std::fill_n(packet.begin() + static_cast<std::ptrdiff_t>(tcp) + 8, 4, std::uint8_t{0});
  std::fill_n(packet.begin() + static_cast<std::ptrdiff_t>(tcp) + 14, 4, std::uint8_t{0});
  return packet;
}

std::uint32_t acknowledged(const Buffer& packet) {
  return load_u32(&packet[packet[0] == 0x45 ? 28 : 48]);
}

bool stands_for(const Buffer& later, const Buffer& gone) {
  return later.size() == gone.size() && later[0] == gone[0] && rest_of(later) == rest_of(gone) &&
         static_cast<std::int32_t>(acknowledged(later) - acknowledged(gone)) > 0;
}

}  // namespace

void try_input(Bytes bytes) {
  Input input(bytes);
  const std::vector<Buffer> sent = batch_of(input);
  std::vector<Buffer> storage = sent;
  std::vector<Packet> packets;
  std::vector<Packet*> pointers;
  for (Buffer& one : storage) packets.emplace_back(one, 0, one.size());
  for (Packet& packet : packets) pointers.push_back(&packet);

  const std::size_t count = ip::keep_latest_acknowledgements(pointers);
  ADIT_ASSERT(storage == sent);
  std::vector<bool> stays(sent.size());
  std::size_t before = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const auto place = static_cast<std::size_t>(pointers[i] - packets.data());
    ADIT_ASSERT(place < sent.size() && (i == 0 || place > before));
    stays[place] = true;
    before = place;
  }
  for (std::size_t gone = 0; gone < sent.size(); ++gone) {
    if (stays[gone]) continue;
    ADIT_ASSERT(sent[gone].size() >= 40);
    std::size_t later = gone + 1;
    while (later < sent.size() && !stands_for(sent[later], sent[gone])) ++later;
    ADIT_ASSERT(later < sent.size());
  }
}

}  // namespace adit::fuzz
