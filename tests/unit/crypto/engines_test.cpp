// What the engines must agree about, and what holds for a run of packets as for single ones.

#include "tests/unit/crypto/engines.h"

#include <random>
#include <thread>

#include "crypto/data_channel.h"
#include "tests/sim/seeded_rng.h"

namespace adit::crypto {
namespace {

constexpr Instant some_time{std::chrono::seconds(100)};

struct Named {
  const char* cipher;
  const char* digest;
  DataFormat::Header header = DataFormat::Header::v2;
  bool epoch = false;
  bool long_id = false;
};
constexpr Named every_format[] = {
    {"AES-128-GCM", ""},
    {"AES-192-GCM", ""},
    {"AES-256-GCM", ""},
    {"CHACHA20-POLY1305", ""},
    {"AES-256-GCM", "", DataFormat::Header::v1},
    {"CHACHA20-POLY1305", "", DataFormat::Header::v1},
    {"AES-128-GCM", "", DataFormat::Header::v2, true},
    {"CHACHA20-POLY1305", "", DataFormat::Header::v2, true},
    {"AES-128-CBC", "SHA1"},
    {"AES-192-CBC", "SHA256"},
    {"AES-256-CBC", "SHA512"},
    {"AES-256-CBC", "SHA224"},
    {"AES-256-CBC", "SHA384", DataFormat::Header::v1},
    {"AES-256-CBC", "SHA256", DataFormat::Header::none, false, true},
    {"AES-256-CBC", "MD5"},
    {"AES-256-CBC", "none"},
    {"CAMELLIA-128-CBC", "SHA1"},
    {"none", "SHA256"},
};

DataFormat format_of(const Named& named) {
  return {.cipher = find_cipher(named.cipher),
          .digest = find_digest(named.digest),
          .header = named.header,
          .key_id = 3,
          .peer_id = 0x123456,
          .epoch = named.epoch,
          .long_id = named.long_id};
}

// Packets with room around them, as a lane has them.
class Batch {
 public:
  explicit Batch(const std::vector<Buffer>& contents) {
    std::size_t at = 0;
    for (const Buffer& content : contents) at += content.size() + 256;
    storage_.resize(at);
    at = 0;
    for (const Buffer& content : contents) {
      const std::size_t room = content.size() + 256;
      packets_.emplace_back(MutableBytes(storage_).subspan(at, room), 0, 0).assign(content, 128);
      at += room;
    }
  }

  std::size_t seal(Sealer& sealer) {
    std::vector<Packet*> run;
    for (Packet& packet : packets_) run.push_back(&packet);
    return sealer.seal(run, 1000);
  }
  std::vector<Drop> open(Opener& opener) {
    openings_.clear();
    for (Packet& packet : packets_) openings_.push_back({&packet});
    opener.open(openings_, some_time);
    std::vector<Drop> verdicts;
    for (const Opening& opening : openings_) verdicts.push_back(opening.verdict);
    return verdicts;
  }
  [[nodiscard]] std::vector<Buffer> contents() const {
    std::vector<Buffer> contents;
    for (const Packet& packet : packets_) contents.push_back(to_buffer(packet.bytes()));
    return contents;
  }
  [[nodiscard]] const std::vector<Opening>& openings() const { return openings_; }

 private:
  Buffer storage_;
  std::vector<Packet> packets_;
  std::vector<Opening> openings_;
};

// One sealer and one opener under given keys.
class End {
 public:
  End(Engine engine, const DataFormat& format, std::uint64_t seed, ReplayLimits limits = {64, 0})
      : seals_(engine), opens_(engine), rng_(seed) {
    sim::SeededRng key_bytes(seed);
    DirectionKeys keys;
    key_bytes.fill(keys.cipher.writable());
    key_bytes.fill(keys.hmac.writable());
    sealer = *Sealer::make(format, keys, rng_, {}, &seals_);
    opener = *Opener::make(format, keys, ReplayWindow(limits), &opens_);
  }

 private:
  LaneEngine seals_, opens_;
  sim::SeededRng rng_;

 public:
  std::unique_ptr<Sealer> sealer;
  std::unique_ptr<Opener> opener;
};

class Randomness {
 public:
  explicit Randomness(std::uint64_t seed) : engine_(seed) {}
  std::size_t below(std::size_t end) { return engine_() % end; }
  std::uint8_t bit() { return static_cast<std::uint8_t>(1u << below(8)); }
  Buffer bytes(std::size_t count) {
    Buffer made(count);
    for (std::uint8_t& byte : made) byte = static_cast<std::uint8_t>(engine_());
    return made;
  }
  std::vector<Buffer> payloads() {
    std::vector<Buffer> made(1 + below(64));
    for (Buffer& payload : made) payload = bytes(below(5) == 0 ? below(40) : below(2001));
    return made;
  }

 private:
  std::mt19937_64 engine_;
};

class FastEngine : public ForEachEngine {};
INSTANTIATE_TEST_SUITE_P(Engines, FastEngine, testing::Values(Engine::ipsec_mb, Engine::vaes),
                         engine_name);

// Damages some packets: bits, length, order, repetitions.
void disturb(std::vector<Buffer>& packets, Randomness& random) {
  for (std::size_t i = 0; i < packets.size(); ++i) {
    Buffer& packet = packets[i];
    switch (random.below(12)) {
      case 0:
        if (!packet.empty()) packet[random.below(packet.size())] ^= random.bit();
        break;
      case 1:
        packet.resize(random.below(packet.size() + 1));
        break;
      case 2:
        packet.push_back(7);
        break;
      case 3:
        packet = packets[random.below(packets.size())];
        break;
      case 4:
        std::swap(packet, packets[random.below(packets.size())]);
        break;
      default:
        break;
    }
  }
}

TEST_P(FastEngine, seals_to_the_bytes_of_openssl_and_opens_with_its_verdicts) {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    for (const Named& named : every_format) {
      SCOPED_TRACE(testing::Message() << named.cipher << '/' << named.digest << " seed " << seed);
      const DataFormat format = format_of(named);
      Randomness random(seed);
      End openssl(Engine::openssl, format, seed);
      End fast(GetParam(), format, seed);
      for (int round = 0; round < 4; ++round) {
        const std::vector<Buffer> payloads = random.payloads();
        Batch theirs(payloads);
        Batch ours(payloads);
        ASSERT_EQ(theirs.seal(*openssl.sealer), payloads.size());
        ASSERT_EQ(ours.seal(*fast.sealer), payloads.size());
        ASSERT_TRUE(ours.contents() == theirs.contents());
        std::vector<Buffer> packets = ours.contents();
        if (round > 0) disturb(packets, random);
        Batch to_openssl(packets);
        Batch to_fast(packets);
        const auto verdicts = to_openssl.open(*openssl.opener);
        ASSERT_EQ(to_fast.open(*fast.opener), verdicts);
        for (std::size_t i = 0; i < packets.size(); ++i) {
          EXPECT_EQ(to_fast.openings()[i].id, to_openssl.openings()[i].id);
          EXPECT_EQ(to_fast.openings()[i].behind, to_openssl.openings()[i].behind);
          if (verdicts[i] == Drop::none) {
            ASSERT_TRUE(to_fast.contents()[i] == to_openssl.contents()[i]);
          }
          if (round == 0 && !payloads[i].empty()) {
            ASSERT_EQ(verdicts[i], Drop::none);
            ASSERT_TRUE(to_fast.contents()[i] == payloads[i]);
          }
        }
      }
      EXPECT_EQ(openssl.opener->state().failed, fast.opener->state().failed);
      EXPECT_EQ(openssl.opener->state().opened, fast.opener->state().opened);
      EXPECT_EQ(openssl.opener->blocks(), fast.opener->blocks());
      EXPECT_EQ(openssl.sealer->state().blocks, fast.sealer->state().blocks);
      EXPECT_EQ(openssl.sealer->state().sealed, fast.sealer->state().sealed);
    }
  }
}

TEST_P(FastEngine, is_had_when_asked_for) {
  const auto chosen = choose_engine(GetParam());
  EXPECT_EQ(chosen->engine, GetParam());
  EXPECT_EQ(chosen->name, LaneEngine(GetParam()).name());
  EXPECT_EQ(chosen->name.starts_with("VAES"), GetParam() == Engine::vaes);
}

TEST(ChosenEngine, is_the_fastest_that_can_be_had) {
  const auto found = choose_engine(Engine::automatic);
  ASSERT_TRUE(found);
  const bool any = choose_engine(Engine::ipsec_mb) || choose_engine(Engine::vaes);
  EXPECT_EQ(found->engine != Engine::openssl, any);
  EXPECT_EQ(found->missed.empty(), choose_engine(Engine::ipsec_mb).has_value());
}

TEST(ChosenEngine, is_openssl_where_it_is_asked_for) {
  const auto openssl = choose_engine(Engine::openssl);
  EXPECT_EQ(openssl->engine, Engine::openssl);
  EXPECT_EQ(openssl->name, LaneEngine(Engine::openssl).name());
  EXPECT_TRUE(openssl->missed.empty());
  EXPECT_EQ(LaneEngine(Engine::openssl).ipsec_mb(), nullptr);
}

class DataRun : public ForEachEngine {};
ADIT_FOR_EACH_ENGINE(DataRun);

std::vector<Buffer> numbered(std::size_t count) {
  std::vector<Buffer> made;
  for (std::size_t i = 0; i < count; ++i) made.emplace_back(100 + i, static_cast<std::uint8_t>(i));
  return made;
}

// The run of whole packets and the same packets one by one get the same verdicts.
void expect_as_one_by_one(Engine engine, const DataFormat& format,
                          const std::vector<Buffer>& packets, ReplayLimits limits = {64, 0}) {
  End together(engine, format, 1, limits);
  End single(engine, format, 1, limits);
  Batch run(packets);
  const auto verdicts = run.open(*together.opener);
  for (std::size_t i = 0; i < packets.size(); ++i) {
    Batch one({packets[i]});
    EXPECT_EQ(one.open(*single.opener).front(), verdicts[i]) << i;
    EXPECT_EQ(one.openings().front().behind, run.openings()[i].behind) << i;
  }
}

TEST_P(DataRun, longer_than_the_engine_takes_at_once_is_sealed_and_opened_whole) {
  for (const Named& named : every_format) {
    End end(GetParam(), format_of(named), 1);
    const auto payloads = numbered(150);
    Batch run(payloads);
    EXPECT_EQ(run.seal(*end.sealer), 150u);
    EXPECT_EQ(run.open(*end.opener), std::vector<Drop>(150, Drop::none)) << named.cipher;
    EXPECT_EQ(run.contents(), payloads);
  }
}

TEST_P(DataRun, with_a_packet_twice_takes_it_once) {
  for (const Named& named : every_format) {
    const DataFormat format = format_of(named);
    End end(GetParam(), format, 1);
    Batch sealed(numbered(8));
    ASSERT_EQ(sealed.seal(*end.sealer), 8u);
    std::vector<Buffer> packets = sealed.contents();
    packets.insert(packets.begin() + 4, packets[2]);
    packets.push_back(packets[0]);
    Batch run(packets);
    std::vector<Drop> wanted(10, Drop::none);
    wanted[4] = wanted[9] = Drop::replayed;
    EXPECT_EQ(run.open(*end.opener), wanted) << named.cipher;
    expect_as_one_by_one(GetParam(), format, packets);
  }
}

TEST_P(DataRun, is_judged_as_its_packets_one_by_one) {
  for (const Named& named : every_format) {
    const DataFormat format = format_of(named);
    Randomness random(9);
    End end(GetParam(), format, 1);
    Batch sealed(numbered(64));
    ASSERT_EQ(sealed.seal(*end.sealer), 64u);
    std::vector<Buffer> packets = sealed.contents();
    disturb(packets, random);
    SCOPED_TRACE(named.cipher);
    expect_as_one_by_one(GetParam(), format, packets, {64, 0});
    expect_as_one_by_one(GetParam(), format, packets, {8, 0});
  }
}

TEST_P(DataRun, in_strict_order_opens_whole) {
  for (const Named& named : every_format) {
    End end(GetParam(), format_of(named), 1, {0, 0});
    for (int i = 0; i < 2; ++i) {
      Batch run(numbered(10));
      ASSERT_EQ(run.seal(*end.sealer), 10u);
      EXPECT_EQ(run.open(*end.opener), std::vector<Drop>(10, Drop::none)) << named.cipher;
    }
  }
}

TEST_P(DataRun, ends_where_the_packet_ids_end) {
  for (const char* cipher : {"AES-256-GCM", "CHACHA20-POLY1305", "AES-256-CBC"}) {
    const DataFormat format = format_of({cipher, "SHA1"});
    LaneEngine engine(GetParam());
    sim::SeededRng rng(1);
    const auto sealer =
        *Sealer::make(format, {}, rng, SealState{.next_packet_id = 0xFFFFFFFA}, &engine);
    Batch run(numbered(10));
    EXPECT_EQ(run.seal(*sealer), 6u);
    EXPECT_EQ(run.seal(*sealer), 0u);
  }
}

// As in the data plane: the control thread makes keys with the engines of lanes that work.
TEST_P(DataRun, is_worked_on_while_another_thread_makes_keys) {
  for (const Named& named : {every_format[2], every_format[3], every_format[8]}) {
    const DataFormat format = format_of(named);
    LaneEngine up(GetParam());
    LaneEngine down(GetParam());
    sim::SeededRng rng(1);
    const auto sealer = *Sealer::make(format, {}, rng, {}, &up);
    const auto opener = *Opener::make(format, {}, ReplayWindow(), &down);
    Batch first(numbered(40));
    ASSERT_EQ(first.seal(*sealer), 40u);
    std::thread sealing([&] {
      for (int i = 0; i < 50; ++i) {
        Batch run(numbered(40));
        EXPECT_EQ(run.seal(*sealer), 40u);
      }
    });
    std::thread opening([&] {
      EXPECT_EQ(first.open(*opener), std::vector<Drop>(40, Drop::none));
      for (int i = 0; i < 50; ++i) {
        Batch forged(numbered(40));
        EXPECT_NE(forged.open(*opener).front(), Drop::none);
      }
    });
    for (int i = 0; i < 20; ++i) {
      EXPECT_TRUE(Sealer::make(format, {}, rng, {}, &up));
      EXPECT_TRUE(Opener::make(format, {}, ReplayWindow(), &down));
      EXPECT_TRUE(choose_engine(GetParam()));
    }
    sealing.join();
    opening.join();
  }
}

TEST_P(DataRun, moves_into_the_next_epoch_in_its_middle) {
  const DataFormat format = format_of({"AES-256-GCM", "", DataFormat::Header::v2, true});
  End end(GetParam(), format, 1);
  std::vector<Buffer> packets;
  for (std::uint16_t epoch = 1; epoch <= 3; ++epoch) {
    end.sealer->raise_epoch(epoch);
    Batch some(numbered(3));
    ASSERT_EQ(some.seal(*end.sealer), 3u);
    for (Buffer& packet : some.contents()) packets.push_back(std::move(packet));
  }
  Batch run(packets);
  EXPECT_EQ(run.open(*end.opener), std::vector<Drop>(9, Drop::none));
  EXPECT_EQ(end.opener->epoch(), 3);
  expect_as_one_by_one(GetParam(), format, packets);
}

TEST_P(DataRun, at_the_usage_limit_goes_on_in_the_next_epoch) {
  const DataFormat format = format_of({"AES-256-GCM", "", DataFormat::Header::v2, true});
  LaneEngine engine(GetParam());
  sim::SeededRng rng(1);
  SealState start;
  start.blocks = gcm_usage_limit - 30;
  const auto sealer = *Sealer::make(format, {}, rng, start, &engine);
  const auto opener = *Opener::make(format, {}, ReplayWindow(), &engine);
  Batch run(numbered(12));
  EXPECT_EQ(run.seal(*sealer), 12u);
  EXPECT_EQ(sealer->state().epoch, 2);
  EXPECT_EQ(run.open(*opener), std::vector<Drop>(12, Drop::none));
  EXPECT_EQ(opener->epoch(), 2);
}

}  // namespace
}  // namespace adit::crypto
