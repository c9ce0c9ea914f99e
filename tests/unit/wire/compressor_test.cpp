#include "wire/compressor.h"

#include <gtest/gtest.h>

#include "tests/sim/seeded_rng.h"

namespace adit::wire {
namespace {

constexpr CompressionFraming framings[] = {CompressionFraming::lzo, CompressionFraming::swap,
                                           CompressionFraming::stub_v2};

struct RoomyBox {
  Buffer storage;
  Packet packet;
  explicit RoomyBox(Bytes bytes) : storage(bytes.size() + 64), packet(storage, 0, 0) {
    packet.assign(bytes, 16);
  }
};

// Bytes between two extremes: each is, so many times in a hundred, a repetition of earlier ones.
Buffer text_of(sim::SeededRng& rng, std::size_t length, std::uint64_t repeats) {
  Buffer text;
  while (text.size() < length) {
    if (text.empty() || rng.below(100) >= repeats) {
      text.push_back(static_cast<std::uint8_t>(rng.below(256)));
      continue;
    }
    std::size_t from = rng.below(text.size());
    for (std::size_t left = 1 + rng.below(300); left > 0 && text.size() < length; --left) {
      text.push_back(text[from++]);
    }
  }
  return text;
}

TEST(Compressor, what_it_writes_is_read_back) {
  sim::SeededRng rng(5);
  Compressor compressor(65536);
  for (std::uint64_t round = 0; round < 3000; ++round) {
    const std::size_t length = 1 + rng.below(round % 100 == 0 ? 60000 : 2000);
    const Buffer text = text_of(rng, length, round % 101);
    for (const CompressionFraming framing : framings) {
      RoomyBox box(text), bare(text);
      compressor.frame(framing, box.packet);
      frame_uncompressed(framing, bare.packet);
      ASSERT_LE(box.packet.size(), bare.packet.size());
      Buffer room(length);
      ASSERT_EQ(unframe(framing, box.packet, room), Drop::none) << round;
      ASSERT_TRUE(std::ranges::equal(box.packet.bytes(), text)) << round;
    }
  }
}

TEST(Compressor, makes_repetitions_much_shorter) {
  Compressor compressor(2048);
  for (const CompressionFraming framing : framings) {
    RoomyBox zeros(Buffer(1400)), pattern(Buffer(1400));
    for (std::size_t i = 0; i < 1400; ++i) pattern.packet.data()[i] = i % 2 == 0 ? 0xca : 0xfe;
    compressor.frame(framing, zeros.packet);
    compressor.frame(framing, pattern.packet);
    EXPECT_LT(zeros.packet.size(), 60u);
    EXPECT_LT(pattern.packet.size(), 60u);
  }
}

TEST(Compressor, leaves_alone_what_is_short_and_what_does_not_get_shorter) {
  sim::SeededRng rng(6);
  Buffer noise(1400);
  rng.fill(noise);
  noise[0] = 0x45;
  Compressor compressor(2048);
  for (const CompressionFraming framing : framings) {
    for (const Buffer& bytes : {Buffer(99, 7), noise, Buffer(2049, 7)}) {
      RoomyBox box(bytes), bare(bytes);
      compressor.frame(framing, box.packet);
      frame_uncompressed(framing, bare.packet);
      EXPECT_TRUE(std::ranges::equal(box.packet.bytes(), bare.packet.bytes()));
    }
    RoomyBox enough(Buffer(100, 7));
    compressor.frame(framing, enough.packet);
    EXPECT_LT(enough.packet.size(), 40u);
  }
  RoomyBox never(Buffer(1400, 7));
  compressor.frame(CompressionFraming::none, never.packet);
  EXPECT_EQ(never.packet.size(), 1400u);
}

// Hostile senders: 1.5 KB that claim to be 64 KB, and streams cut off anywhere.
TEST(Compressor, bombs_and_torn_streams_end_as_drops_within_their_room) {
  Compressor compressor(65536);
  Buffer room(2048);
  for (const CompressionFraming framing : framings) {
    RoomyBox bomb(Buffer(65000, 'A'));
    compressor.frame(framing, bomb.packet);
    ASSERT_LT(bomb.packet.size(), 1500u);
    EXPECT_EQ(unframe(framing, bomb.packet, room), Drop::bad_framing);
    sim::SeededRng rng(7);
    const Buffer text = text_of(rng, 1500, 60);
    RoomyBox whole(text);
    compressor.frame(framing, whole.packet);
    ASSERT_LT(whole.packet.size(), 1400u);
    for (std::size_t length = 3; length < whole.packet.size(); ++length) {
      RoomyBox torn(whole.packet.bytes().first(length));
      if (unframe(framing, torn.packet, room) == Drop::none) {
        EXPECT_LT(torn.packet.size(), text.size()) << "LZ4 has no end mark: what came is all";
      }
    }
  }
}

}  // namespace
}  // namespace adit::wire
