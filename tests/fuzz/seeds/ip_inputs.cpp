#include <algorithm>

#include "tests/fuzz/seeds/corpus.h"

namespace adit::fuzz {

namespace {

// A SYN with some options in front of its MSS.
Buffer syn(bool v4, std::string_view options_hex) {
  const Buffer options = *from_hex(options_hex);
  const std::size_t header = v4 ? 20 : 40;
  Buffer packet(header + 20 + options.size());
  packet[0] = v4 ? 0x45 : 0x60;
  store_u16(&packet[v4 ? 2 : 4],
            static_cast<std::uint16_t>(v4 ? packet.size() : packet.size() - header));
  packet[v4 ? 9 : 6] = 6;
  packet[8] = 64;
  packet[v4 ? 12 : 23] = 10;
  packet[v4 ? 16 : 39] = 11;
  packet[header + 12] = static_cast<std::uint8_t>((20 + options.size()) / 4 << 4);
  packet[header + 13] = 2;
  std::ranges::copy(options, packet.begin() + static_cast<long>(header) + 20);
  return packet;
}

void add_packet(Corpus& corpus, Bytes packet) {
  Pack input;
  input.u16(1400);
  input.bytes(packet);
  corpus.add("inner_packet", std::move(input));
}

}  // namespace

void add_ip_inputs(Corpus& corpus) {
  for (const bool v4 : {true, false}) {
    for (const char* options :
         {"020405b4", "01020405b4010101", "0402080a0000000000000000020405b4", "030307020405b400"}) {
      add_packet(corpus, syn(v4, options));
    }
  }
  add_packet(corpus,
             *from_hex("6000000000083afffe80000000000000024dc811b1f031a0ff020000000000000000"
                       "0000000000028500cf4700000000"));
  for (const char* text : {"10.8.0.1", "10.8.0.0/24", "fd00::1", "fd00::/64", "::ffff:1.2.3.4",
                           "255.255.255.255/32", "1:2:3:4:5:6:7:8", "::", "0.0.0.0/0"}) {
    corpus.add("address", std::string_view(text));
  }
}

}  // namespace adit::fuzz
