#include "wire/compression.h"

#include <gtest/gtest.h>

#include "wire/compressor.h"

namespace adit::wire {
namespace {

struct Box {
  Buffer storage = Buffer(256);
  Packet packet{storage, 0, 0};
  explicit Box(std::string_view text) { packet.assign(as_bytes(text), 16); }
};

TEST(Compression, every_framing_gives_back_what_it_got) {
  Buffer room(128);
  for (const auto framing : {CompressionFraming::none, CompressionFraming::lzo,
                             CompressionFraming::swap, CompressionFraming::stub_v2}) {
    for (const char* text : {"E", "Ex", "Packet", "P", "E packet of some length"}) {
      Box box(text);
      frame_uncompressed(framing, box.packet);
      EXPECT_EQ(unframe(framing, box.packet, room), Drop::none) << text;
      EXPECT_EQ(as_text(box.packet.bytes()), text);
    }
  }
}

TEST(Compression, the_escape_that_2x_sends_by_mistake_is_understood) {
  Buffer room(128);
  Box box("\x50\x0aPacket");
  EXPECT_EQ(unframe(CompressionFraming::stub_v2, box.packet, room), Drop::none);
  EXPECT_EQ(as_text(box.packet.bytes()), "Packet");
}

TEST(Compression, what_was_not_agreed_on_is_dropped) {
  Buffer room(128);
  for (const auto framing : {CompressionFraming::lzo, CompressionFraming::swap}) {
    Box bare("E bare packet");
    EXPECT_EQ(unframe(framing, bare.packet, room), Drop::bad_framing);
    Box empty("");
    EXPECT_EQ(unframe(framing, empty.packet, room), Drop::bad_framing);
  }
  Box dead("\x50\x02lzo of old");
  EXPECT_EQ(unframe(CompressionFraming::stub_v2, dead.packet, room), Drop::bad_framing);
}

TEST(Compression, where_only_a_stub_was_agreed_on_nothing_compressed_is_read) {
  const auto framings = {CompressionFraming::lzo, CompressionFraming::swap,
                         CompressionFraming::stub_v2};
  Compressor compressor(2048);
  for (const auto framing : framings) {
    Buffer room(128);
    for (const bool agreed : {false, true}) {
      Buffer storage(256);
      Packet packet(storage, 0, 0);
      packet.assign(Buffer(120, 'E'), 16);
      compressor.frame(framing, packet);
      ASSERT_LT(packet.size(), 120u) << "compressed";
      const MutableBytes given = agreed ? MutableBytes(room) : MutableBytes();
      EXPECT_EQ(unframe(framing, packet, given), agreed ? Drop::none : Drop::bad_framing);
      if (agreed) {
        EXPECT_EQ(packet.size(), 120u);
      }
    }
  }
  for (const auto framing : framings) {
    for (const char* text : {"E", "Ex", "P", "Packet", "\x50\x01 as it is"}) {
      Box box(text);
      frame_uncompressed(framing, box.packet);
      EXPECT_EQ(unframe(framing, box.packet, {}), Drop::none) << text;
      EXPECT_EQ(as_text(box.packet.bytes()), text);
    }
    Box empty("");
    EXPECT_EQ(unframe(framing, empty.packet, {}), Drop::bad_framing);
  }
}

TEST(Compression, a_bomb_does_not_leave_its_room) {
  // LZO: a literal, then a match of thousands of bytes.
  Buffer bomb{18, 'A', 0x20};
  bomb.insert(bomb.end(), 40, 0);
  bomb.insert(bomb.end(), {200, 0, 0, 0x11, 0, 0});
  Buffer room(64);
  EXPECT_FALSE(lzo1x_decompress(bomb, room));
  const Buffer lz4_bomb{0x1F, 'A', 1, 0, 255, 255, 255, 255, 255, 255, 0};
  EXPECT_FALSE(lz4_decompress(lz4_bomb, room));
}

TEST(Compression, truncated_streams_are_refused) {
  Buffer room(64);
  for (const char* hex : {"", "12", "1241", "124120", "1220", "11", "1100", "ff"}) {
    EXPECT_FALSE(lzo1x_decompress(*from_hex(hex), room)) << hex;
  }
}

}  // namespace
}  // namespace adit::wire
