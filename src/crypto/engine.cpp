#include "crypto/engine.h"

#include <algorithm>
#include <array>
#include <vector>

#include "crypto/data_channel.h"
#include "crypto/ipsec_mb.h"
#include "crypto/lane_engine.h"
#include "crypto/vaes_gcm.h"

namespace adit::crypto {

Result<LaneEngine> LaneEngine::make(Engine engine) {
  LaneEngine made;
  if (engine == Engine::openssl) return made;
  if (engine == Engine::vaes) {
    if (std::string missing = missing_for_vaes(); !missing.empty()) return fail("{}", missing);
    made.vaes_ = true;
  }
  auto library = IpsecMb::make();
  if (library) made.ipsec_mb_ = std::move(*library);
  if (!library && engine == Engine::ipsec_mb) return fail_with(library.error());
  return made;
}

LaneEngine::LaneEngine(Engine engine) {
  if (engine == Engine::openssl) return;
  if (auto made = make(engine)) *this = std::move(*made);
}
LaneEngine::~LaneEngine() = default;
LaneEngine::LaneEngine(LaneEngine&&) noexcept = default;
LaneEngine& LaneEngine::operator=(LaneEngine&&) noexcept = default;

std::string LaneEngine::name() const {
  const std::string library = ipsec_mb_ ? ipsec_mb_->name() : "OpenSSL";
  return vaes_ ? "VAES (AES-GCM), " + library : library;
}

std::unique_ptr<AeadKey> LaneEngine::aead_key(const Cipher& cipher, Bytes key) const {
  if (vaes_) {
    if (auto made = make_vaes_gcm_key(cipher, key)) return made;
  }
  return ipsec_mb_ ? ipsec_mb_->aead_key(cipher, key) : nullptr;
}

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

Result<ChosenEngine> try_engine(Engine wanted) {
  auto engine = LaneEngine::make(wanted);
  if (!engine) return fail_with(engine.error());
  for (const Cipher& cipher : all_ciphers()) {
    if (!cipher.name.starts_with("AES-") && !cipher.is_aead()) continue;
    for (const char* name : {"SHA1", "SHA224", "SHA256", "SHA384", "SHA512"}) {
      DataFormat format{.cipher = &cipher, .digest = {}};
      if (!cipher.is_aead()) format.digest = find_digest(name);
      if (Status agreed = agree(format, *engine); !agreed) return fail_with(agreed.error());
      if (cipher.is_aead()) break;
    }
  }
  return ChosenEngine{wanted, engine->name(), {}};
}

// The fastest first. With AVX512 the library takes more blocks an instruction than we do. One that
// cannot be had is tried first all the same, for why it cannot is to be told.
std::vector<Engine> fastest_engines() {
  if (!missing_for_vaes().empty()) return {Engine::ipsec_mb};
  const auto library = IpsecMb::make();
  if (!library || (*library)->has_wide_aes()) return {Engine::ipsec_mb, Engine::vaes};
  return {Engine::vaes, Engine::ipsec_mb};
}

const char* word_of(Engine engine) { return engine == Engine::vaes ? "vaes" : "ipsec-mb"; }

}  // namespace

Result<ChosenEngine> choose_engine(Engine wanted) {
  if (wanted == Engine::openssl) return ChosenEngine();
  if (wanted != Engine::automatic) {
    auto tried = try_engine(wanted);
    if (tried) return tried;
    return fail_with({fmt::format("{} cannot be used: {}", word_of(wanted), tried.error().what),
                      "without the option the fastest that there is will be used"});
  }
  std::string missed;
  for (const Engine engine : fastest_engines()) {
    auto tried = try_engine(engine);
    if (tried) {
      tried->missed = missed;
      return tried;
    }
    const char* separator = missed.empty() ? "" : "; ";
    missed += fmt::format("{}{}: {}", separator, word_of(engine), tried.error().what);
  }
  return ChosenEngine{Engine::openssl, "OpenSSL", missed};
}

}  // namespace adit::crypto
