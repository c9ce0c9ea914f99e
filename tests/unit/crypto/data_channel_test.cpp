#include "crypto/data_channel.h"

#include <gtest/gtest.h>

#include "tests/sim/seeded_rng.h"
#include "tests/unit/crypto/engines.h"

namespace adit::crypto {
namespace {

DataFormat format_of(const char* cipher, bool epoch = false) {
  DataFormat format;
  format.cipher = find_cipher(cipher);
  if (!format.cipher->is_aead()) format.digest = find_digest("SHA256");
  format.epoch = epoch;
  format.peer_id = 7;
  return format;
}

class Channel {
 public:
  Channel(Engine engine, const DataFormat& format, const SealState& start = {})
      : keys_{Secret<64>(random(64)), Secret<64>(random(64))},
        seals_(engine),
        opens_(engine),
        sealer(*Sealer::make(format, keys_, rng_, start, &seals_)),
        opener(*Opener::make(format, keys_, ReplayWindow({64, 15}), &opens_)) {}

  Buffer seal(std::string_view text) {
    Buffer storage(512);
    Packet packet(storage, 0, 0);
    packet.assign(as_bytes(text), 128);
    Packet* const run[] = {&packet};
    if (sealer->seal(run, 1000) == 0) return {};
    return to_buffer(packet.bytes());
  }
  Drop open(const Buffer& sealed, std::string* text = nullptr) {
    Buffer storage(512);
    Packet packet(storage, 0, 0);
    packet.assign(sealed, 64);
    Opening openings[] = {{&packet}};
    opener->open(openings, Instant(std::chrono::seconds(100)));
    if (text != nullptr) *text = as_text(packet.bytes());
    return openings[0].verdict;
  }

 private:
  Buffer random(std::size_t size) {
    Buffer bytes(size);
    rng_.fill(bytes);
    return bytes;
  }
  sim::SeededRng rng_{5};
  DirectionKeys keys_;
  LaneEngine seals_, opens_;

 public:
  std::unique_ptr<Sealer> sealer;
  std::unique_ptr<Opener> opener;
};

class DataChannel : public ForEachEngine {};
class EpochFormat : public ForEachEngine {};
ADIT_FOR_EACH_ENGINE(DataChannel);
ADIT_FOR_EACH_ENGINE(EpochFormat);

constexpr const char* ciphers[] = {"AES-128-GCM", "AES-192-GCM", "AES-256-GCM", "CHACHA20-POLY1305",
                                   "AES-256-CBC", "AES-128-CBC", "none"};

TEST_P(DataChannel, every_format_gives_back_what_it_got) {
  for (const char* cipher : ciphers) {
    for (const bool epoch : {false, true}) {
      if (epoch && !find_cipher(cipher)->is_aead()) continue;
      Channel channel(GetParam(), format_of(cipher, epoch));
      for (std::size_t size = 1; size < 100; ++size) {
        const std::string text(size, static_cast<char>('a' + size % 26));
        std::string got;
        EXPECT_EQ(channel.open(channel.seal(text), &got), Drop::none) << cipher;
        EXPECT_EQ(got, text);
      }
    }
  }
}

TEST_P(DataChannel, no_damaged_or_shortened_packet_is_opened) {
  for (const char* cipher : ciphers) {
    for (const bool epoch : {false, true}) {
      if (epoch && !find_cipher(cipher)->is_aead()) continue;
      Channel channel(GetParam(), format_of(cipher, epoch));
      const Buffer sealed = channel.seal("a packet");
      const std::size_t looked_up = find_cipher(cipher)->is_aead() ? 0 : 4;  // header of CBC
      for (std::size_t i = looked_up; i < sealed.size(); ++i) {
        Buffer damaged = sealed;
        damaged[i] ^= 4;
        EXPECT_NE(channel.open(damaged), Drop::none) << cipher << " byte " << i;
      }
      for (std::size_t size = 0; size < sealed.size(); ++size) {
        EXPECT_NE(channel.open(Buffer(sealed.begin(), sealed.begin() + static_cast<long>(size))),
                  Drop::none);
      }
      EXPECT_EQ(channel.open(sealed), Drop::none);
      EXPECT_EQ(channel.open(sealed), Drop::replayed);
    }
  }
}

TEST_P(DataChannel, packet_ids_end_instead_of_starting_over) {
  Channel channel(GetParam(), format_of("AES-256-GCM"), SealState{.next_packet_id = 0xFFFFFFFF});
  EXPECT_FALSE(channel.seal("the last").empty());
  EXPECT_TRUE(channel.seal("one too many").empty());
}

TEST_P(DataChannel, long_packet_ids_begin_a_new_series_under_a_later_time) {
  DataFormat format = format_of("AES-256-CBC");
  format.header = DataFormat::Header::none;
  format.long_id = true;
  Channel channel(GetParam(), format, SealState{.next_packet_id = 0xFFFFFFFF});
  EXPECT_EQ(channel.open(channel.seal("the last of the old series")), Drop::none);
  const Buffer first = channel.seal("the first of the new one");
  EXPECT_EQ(channel.sealer->state().next_packet_id, 2u);
  EXPECT_EQ(channel.open(first), Drop::none);
  EXPECT_EQ(channel.open(first), Drop::replayed);
}

TEST_P(EpochFormat, the_receiver_follows_the_sender_into_the_next_epoch) {
  Channel channel(GetParam(), format_of("AES-256-GCM", true));
  const Buffer late = channel.seal("from epoch 1");
  EXPECT_EQ(channel.open(channel.seal("also")), Drop::none);
  channel.sealer->raise_epoch(2);
  EXPECT_EQ(channel.sealer->state().epoch, 2);
  EXPECT_EQ(channel.open(channel.seal("from epoch 2")), Drop::none);
  EXPECT_EQ(channel.opener->epoch(), 2);
  EXPECT_EQ(channel.open(late), Drop::none) << "the epoch before is still open";
  EXPECT_EQ(channel.open(late), Drop::replayed);
  channel.sealer->raise_epoch(5);
  EXPECT_EQ(channel.open(channel.seal("three further")), Drop::none);
  EXPECT_EQ(channel.opener->epoch(), 5);
  EXPECT_EQ(channel.open(late), Drop::no_key);
}

TEST_P(EpochFormat, a_forged_later_epoch_changes_nothing) {
  Channel channel(GetParam(), format_of("AES-256-GCM", true));
  Buffer forged = channel.seal("x");
  forged[5] = 3;
  EXPECT_EQ(channel.open(forged), Drop::bad_tag);
  EXPECT_EQ(channel.opener->epoch(), 1);
  forged[5] = 200;
  EXPECT_EQ(channel.open(forged), Drop::no_key);
}

TEST_P(EpochFormat, the_usage_limit_moves_the_sender_on) {
  SealState start;
  start.blocks = gcm_usage_limit;
  Channel channel(GetParam(), format_of("AES-128-GCM", true), start);
  EXPECT_EQ(channel.open(channel.seal("first of epoch 2")), Drop::none);
  EXPECT_EQ(channel.sealer->state().epoch, 2);
  Channel unlimited(GetParam(), format_of("CHACHA20-POLY1305", true), start);
  EXPECT_FALSE(unlimited.seal("x").empty());
  EXPECT_EQ(unlimited.sealer->state().epoch, 1);
}

TEST_P(DataChannel, a_restored_key_goes_on_where_it_was) {
  for (const bool epoch : {false, true}) {
    const DataFormat format = format_of("AES-256-GCM", epoch);
    Channel before(GetParam(), format);
    const Buffer first = before.seal("1");
    EXPECT_EQ(before.open(first), Drop::none);
    before.sealer->raise_epoch(3);
    EXPECT_EQ(before.open(before.seal("2")), Drop::none);
    Channel after(GetParam(), format, before.sealer->state());
    after.opener->restore(before.opener->state(), Instant(std::chrono::seconds(100)));
    EXPECT_NE(after.open(first), Drop::none);
    EXPECT_EQ(after.open(after.seal("3")), Drop::none);
  }
}

TEST(ReplayWindow, a_table_of_arrivals) {
  struct Row {
    std::uint64_t id;
    bool fresh;
  };
  ReplayWindow window({8, 0});
  for (const Row& row : {Row{1, true},
                         {1, false},
                         {3, true},
                         {2, true},
                         {2, false},
                         {10, true},
                         {3, false},
                         {2, false},
                         {4, true},
                         {11, true},
                         {4, false},
                         {100, true},
                         {99, true},
                         {92, false},
                         {93, true},
                         {0, false}}) {
    const Instant now{};
    const bool fresh = window.check(row.id, 0, now) == Drop::none;
    EXPECT_EQ(fresh, row.fresh) << row.id;
    if (fresh) window.add(row.id, 0, now);
  }
  EXPECT_EQ(window.highest(), 100u);
}

}  // namespace
}  // namespace adit::crypto
