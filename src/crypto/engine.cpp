#include "crypto/engine.h"

#include <algorithm>
#include <array>

#include "crypto/data_channel.h"
#include "crypto/ipsec_mb.h"
#include "crypto/lane_engine.h"

namespace adit::crypto {

LaneEngine::LaneEngine(Engine engine) {
  if (engine != Engine::ipsec_mb) return;
  if (auto made = IpsecMb::make()) ipsec_mb_ = std::move(*made);
}
LaneEngine::LaneEngine(std::unique_ptr<IpsecMb> library) : ipsec_mb_(std::move(library)) {}
LaneEngine::~LaneEngine() = default;
LaneEngine::LaneEngine(LaneEngine&&) noexcept = default;
LaneEngine& LaneEngine::operator=(LaneEngine&&) noexcept = default;

namespace {

// For the wide loops of the library and for its rests; as many as make a run worth its queues.
constexpr std::array<std::size_t, 5> tried_sizes{1411, 1, 256, 67, 512};
static_assert(tried_sizes.size() >= CbcHmacKey::worthwhile_packets);

// The same bytes for both engines.
class PlainRng final : public Rng {
 public:
  void fill(MutableBytes out) override {
    for (std::uint8_t& byte : out) byte = next_ = static_cast<std::uint8_t>(next_ * 5 + 3);
  }

 private:
  std::uint8_t next_ = 0;
};

// A run of packets of known content.
class Trial {
 public:
  Trial() {
    PlainRng content;
    content.fill(storage_);
    for (std::size_t i = 0; i < tried_sizes.size(); ++i) {
      constexpr std::size_t front_room = 256;
      const MutableBytes room = MutableBytes(storage_).subspan(i * room_bytes, room_bytes);
      packets_[i] = Packet(room, front_room, tried_sizes[i]);
    }
  }

  [[nodiscard]] bool seal(Sealer& sealer) {
    std::array<Packet*, tried_sizes.size()> run;
    std::ranges::transform(packets_, run.begin(), [](Packet& packet) { return &packet; });
    return sealer.seal(run, 1) == run.size();
  }

  [[nodiscard]] bool open(Opener& opener) {
    std::array<Opening, tried_sizes.size()> run;
    std::ranges::transform(packets_, run.begin(), [](Packet& packet) { return Opening{&packet}; });
    opener.open(run, Instant());
    return std::ranges::all_of(run, [](const Opening& o) { return o.verdict == Drop::none; });
  }

  bool operator==(const Trial& other) const {
    return std::ranges::equal(packets_, other.packets_, [](const Packet& a, const Packet& b) {
      return std::ranges::equal(a.bytes(), b.bytes());
    });
  }

 private:
  static constexpr std::size_t room_bytes = 2048;
  Buffer storage_ = Buffer(room_bytes * tried_sizes.size());
  std::array<Packet, tried_sizes.size()> packets_;
};

// Both seal a run to the same bytes, and the engine opens it again.
Status agree(const DataFormat& format, LaneEngine& engine) {
  DirectionKeys keys;
  PlainRng key_bytes;
  key_bytes.fill(keys.cipher.writable());
  key_bytes.fill(keys.hmac.writable());
  PlainRng their_ivs;
  PlainRng our_ivs;
  const auto reference = Sealer::make(format, keys, their_ivs);
  const auto sealer = Sealer::make(format, keys, our_ivs, {}, &engine);
  const auto opener = Opener::make(format, keys, ReplayWindow(), &engine);
  // OpenSSL may be bound to fewer ciphers than we know; then it shall be asked for all of them.
  if (!reference) return fail_with(reference.error());
  if (!sealer) return fail_with(sealer.error());
  if (!opener) return fail_with(opener.error());
  Trial theirs;
  Trial ours;
  const bool sealed = theirs.seal(**reference) && ours.seal(**sealer) && ours == theirs;
  if (sealed && ours.open(**opener) && ours == Trial()) return {};
  return fail("its {} differs from OpenSSL's", format.cipher->name);
}

Result<std::string> try_ipsec_mb() {
  auto made = IpsecMb::make();
  if (!made) return fail_with(made.error());
  LaneEngine engine(std::move(*made));
  for (const Cipher& cipher : all_ciphers()) {
    if (!cipher.name.starts_with("AES-") && !cipher.is_aead()) continue;
    for (const char* name : {"SHA1", "SHA224", "SHA256", "SHA384", "SHA512"}) {
      DataFormat format{.cipher = &cipher, .digest = {}};
      if (!cipher.is_aead()) format.digest = find_digest(name);
      if (Status agreed = agree(format, engine); !agreed) return fail_with(agreed.error());
      if (cipher.is_aead()) break;
    }
  }
  return engine.ipsec_mb()->name();
}

}  // namespace

Result<ChosenEngine> choose_engine(Engine wanted) {
  ChosenEngine chosen;
  if (wanted == Engine::openssl) return chosen;
  auto tried = try_ipsec_mb();
  if (tried) return ChosenEngine{Engine::ipsec_mb, std::move(*tried), {}};
  if (wanted == Engine::ipsec_mb) {
    return fail_with({"ipsec-mb cannot be used: " + tried.error().what,
                      "without the option the fastest that there is will be used"});
  }
  chosen.missed = tried.error().what;
  return chosen;
}

}  // namespace adit::crypto
