#include <algorithm>

#include "ip/segment.h"
#include "tests/fuzz/seeds/corpus.h"
#include "tests/unit/ip/packets.h"

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

// A whole packet of each kind with its vnet header.
void add_whole_packets(Corpus& corpus) {
  for (unsigned kind = 0; kind < 8; ++kind) {
    ip::made::Fields f;
    f.v6 = (kind & 1) != 0;
    f.udp = (kind & 2) != 0;
    f.payload.assign(700, 0x42);
    if ((kind & 4) != 0) f.tcp_options.assign(12, 1);
    if ((kind & 4) != 0 && f.v6) ip::made::extend(f);
    for (const std::size_t size : {100u, 300u, 700u}) {
      ip::VnetHeader header = ip::made::vnet(f, size);
      if (size == 700) header.gso_type = ip::VnetHeader::whole;
      Pack input;
      input.bytes({reinterpret_cast<const std::uint8_t*>(&header), sizeof header});
      input.bytes(ip::made::packet(f, true));
      corpus.add("tun_segments", std::move(input));
    }
  }
}

// Flows one after the other and in turns, with and without something odd in the middle.
void add_batches(Corpus& corpus) {
  for (std::uint8_t choice = 0; choice < 8; ++choice) {
    const std::uint8_t flow = choice % 4;
    Pack input;
    input.u8(choice < 4 ? 0x01 : 0x81);  // packets, frames
    input.u8(1);
    for (std::uint8_t i = 0; i < 20; ++i) {
      input.u8(static_cast<std::uint8_t>(100 + flow + (i > 10 ? i % 4 : 0)));
      input.u8(9);
      input.u8(i == 5 ? 1 : 0);
      if (i == 5) input.u32(flow);
    }
    corpus.add("tun_coalesce", std::move(input));
  }
}

// Acknowledgements of one connection and of several, with data between them.
void add_acknowledgements(Corpus& corpus) {
  for (std::uint8_t flows = 1; flows <= 4; ++flows) {
    Pack input;
    for (std::uint8_t i = 0; i < 24; ++i) {
      input.u8(static_cast<std::uint8_t>(100 + i % flows));
      input.u8(1);   // step
      input.u8(40);  // window
      input.u8(i % 6 == 5 ? 0 : 1);
      input.u8(i == 12 ? 0 : 1);
      if (i == 12) input.u8(3);
      input.u8(1);
    }
    corpus.add("acknowledgements", std::move(input));
  }
}

// Frames of each kind, with and without tags, at a tap of VLAN 5.
void add_frames(Corpus& corpus) {
  const std::string addresses = "020000000001020000000002";
  for (std::uint8_t accept = 0; accept < 3; ++accept) {
    for (const char* behind :
         {"0806", "81000005", "81000007", "81006000", "81006007", "88a80009"}) {
      Pack input;
      input.u8(accept);
      input.u16(4);
      input.bytes(*from_hex(addresses + behind));
      if (behind[0] == '8' && behind[1] != '0') input.bytes(*from_hex("0800"));
      input.bytes(syn(true, "020405b4"));
      corpus.add("frames", std::move(input));
    }
  }
}

}  // namespace

void add_ip_inputs(Corpus& corpus) {
  add_whole_packets(corpus);
  add_batches(corpus);
  add_acknowledgements(corpus);
  add_frames(corpus);
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
