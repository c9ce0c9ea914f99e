// Engines side by side: what one seals the other opens, byte for byte the same, run by run; and of
// a run that was damaged, repeated or shuffled on its way both say the same of every packet.
//
//   format | key | engine | number of packets | their sizes | what happens to each
//
// OpenSSL against another; where that cannot be had, against itself.

#include <algorithm>

#include "crypto/lane_engine.h"
#include "tests/fuzz/fixtures.h"
#include "tests/fuzz/input.h"
#include "tests/sim/seeded_rng.h"

namespace adit::fuzz {

namespace {

constexpr std::size_t most_packets = 80;  // more than an engine takes at once
constexpr std::size_t room_behind = 64;

using Packets = std::vector<Buffer>;

// A sealer and an opener that work with one engine.
class End {
 public:
  End(crypto::Engine engine, const NamedFormat& named, std::uint64_t seed)
      : seals_(engine), opens_(engine), rng_(seed) {
    sim::SeededRng key_bytes(seed);
    crypto::DirectionKeys keys;
    key_bytes.fill(keys.cipher.writable());
    key_bytes.fill(keys.hmac.writable());
    auto sealer = crypto::Sealer::make(named.format, keys, rng_, {}, &seals_);
    auto opener = crypto::Opener::make(named.format, keys, crypto::ReplayWindow(), &opens_);
    ADIT_ASSERT(sealer.has_value() && opener.has_value());
    sealer_ = std::move(*sealer);
    opener_ = std::move(*opener);
  }

  Packets seal(const Packets& payloads, std::size_t front) {
    Laid laid(payloads, front);
    std::vector<Packet*> run;
    for (Packet& packet : laid.packets) run.push_back(&packet);
    ADIT_ASSERT(sealer_->seal(run, 1000) == run.size());
    return laid.contents();
  }

  struct Opened {
    std::vector<Drop> verdicts;
    Packets contents;
  };
  Opened open(const Packets& sealed) {
    Laid laid(sealed, 0);
    std::vector<crypto::Opening> run;
    for (Packet& packet : laid.packets) run.push_back({&packet});
    opener_->open(run, start_of_time);
    Opened opened;
    for (const crypto::Opening& opening : run) opened.verdicts.push_back(opening.verdict);
    opened.contents = laid.contents();
    return opened;
  }

 private:
  // Each packet in memory of its own, so that a step beyond it is seen.
  struct Laid {
    Laid(const Packets& bytes, std::size_t front) {
      for (const Buffer& one : bytes) {
        storage.emplace_back(front + one.size() + (front > 0 ? room_behind : 0));
        packets.emplace_back(storage.back(), 0, 0).assign(one, front);
      }
    }
    [[nodiscard]] Packets contents() const {
      Packets made;
      for (const Packet& packet : packets) made.push_back(to_buffer(packet.bytes()));
      return made;
    }
    Packets storage;
    std::vector<Packet> packets;
  };

  crypto::LaneEngine seals_, opens_;
  sim::SeededRng rng_;
  std::unique_ptr<crypto::Sealer> sealer_;
  std::unique_ptr<crypto::Opener> opener_;
};

void disturb(Packets& packets, Input& input) {
  for (std::size_t i = 0; i < packets.size() && !input.empty(); ++i) {
    switch (input.below(6)) {
      case 0:
        if (!packets[i].empty()) {
          std::uint8_t& hit = packets[i][input.u16() % packets[i].size()];
          hit = static_cast<std::uint8_t>(hit ^ 1u << input.below(8));
        }
        break;
      case 1:
        packets[i].resize(input.u16() % (packets[i].size() + 32));
        break;
      case 2:
        packets[i] = packets[input.below(packets.size())];
        break;
      case 3:
        std::swap(packets[i], packets[input.below(packets.size())]);
        break;
      case 4:
        packets[i] = to_buffer(input.piece());
        break;
      default:
        break;
    }
  }
}

// The same verdicts, and the same payloads where there are any.
End::Opened open_alike(End& a, End& b, const Packets& sealed) {
  End::Opened left = a.open(sealed);
  const End::Opened right = b.open(sealed);
  ADIT_ASSERT(left.verdicts == right.verdicts);
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    ADIT_ASSERT(left.verdicts[i] != Drop::none || left.contents[i] == right.contents[i]);
  }
  return left;
}

}  // namespace

void try_input(Bytes bytes) {
  Input input(bytes);
  const NamedFormat& named = input.pick(data_formats());
  const std::uint64_t seed = input.u8();
  constexpr std::array fast_engines{crypto::Engine::ipsec_mb, crypto::Engine::vaes};
  End openssl(crypto::Engine::openssl, named, seed);
  End fast(input.pick(fast_engines), named, seed);

  Packets payloads(1 + input.below(most_packets));
  sim::SeededRng content(seed);
  for (Buffer& payload : payloads) {
    payload.resize(input.u16() % 2001);
    content.fill(payload);
  }
  const std::size_t front = crypto::overhead_of(named.format).front;
  Packets sealed = openssl.seal(payloads, front);
  ADIT_ASSERT(sealed == fast.seal(payloads, front));

  Packets first(sealed.begin(), sealed.begin() + static_cast<long>(sealed.size() / 2));
  const auto opened = open_alike(openssl, fast, first);
  for (std::size_t i = 0; i < first.size(); ++i) {
    if (payloads[i].empty()) continue;
    ADIT_ASSERT(opened.verdicts[i] == Drop::none && opened.contents[i] == payloads[i]);
  }
  disturb(sealed, input);
  open_alike(openssl, fast, sealed);
}

}  // namespace adit::fuzz
