#include "crypto/engine.h"

#include <algorithm>

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

// Long enough for the wide loops of the library, and its rests; one of them short.
constexpr std::array<std::size_t, 4> tried_sizes{1411, 1, 256, 67};

// Packets of known content, sealed by one engine and opened by the other.
class Trial {
 public:
  Trial() {
    for (std::size_t i = 0; i < packets_.size(); ++i) {
      for (std::size_t at = 0; at < packets_[i].size(); ++at) {
        packets_[i][at] = static_cast<std::uint8_t>(at * 7 + i);
      }
    }
  }

  std::span<AeadItem> items() {
    for (std::size_t i = 0; i < packets_.size(); ++i) {
      AeadItem& item = items_[i];
      item.nonce = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, static_cast<std::uint8_t>(i)};
      item.additional = additional_.data();
      item.additional_bytes = static_cast<std::uint32_t>(additional_.size());
      item.text = packets_[i].data();
      item.text_bytes = tried_sizes[i];
      item.tag = tags_[i].data();
      item.authentic = false;
    }
    return items_;
  }

  bool same_texts(const Trial& other) const { return packets_ == other.packets_; }
  bool same_tags(const Trial& other) const { return tags_ == other.tags_; }

 private:
  using Room = std::array<std::uint8_t, 1411>;
  std::array<Room, tried_sizes.size()> packets_;
  std::array<std::array<std::uint8_t, aead_tag_bytes>, tried_sizes.size()> tags_{};
  std::array<std::uint8_t, 8> additional_{0x48, 0, 0, 7, 0, 0, 0, 9};
  std::array<AeadItem, tried_sizes.size()> items_;
};

bool agrees(LaneEngine& engine, const Cipher& cipher) {
  std::array<std::uint8_t, 32> key_bytes;
  for (std::size_t i = 0; i < key_bytes.size(); ++i) {
    key_bytes[i] = static_cast<std::uint8_t>(i * 5 + 1);
  }
  const Bytes key = Bytes(key_bytes).first(cipher.key_bytes);
  const auto reference = AeadKey::make(cipher, key, AeadKey::Use::seal, nullptr);
  const auto seals = AeadKey::make(cipher, key, AeadKey::Use::seal, &engine);
  const auto opens = AeadKey::make(cipher, key, AeadKey::Use::open, &engine);
  if (!reference || !seals || !opens) return false;
  const Trial untouched;
  Trial theirs;
  Trial ours;
  (*reference)->seal(theirs.items());
  (*seals)->seal(ours.items());
  if (!ours.same_texts(theirs) || !ours.same_tags(theirs)) return false;
  const auto items = ours.items();
  (*opens)->open(items);
  return std::ranges::all_of(items, &AeadItem::authentic) && ours.same_texts(untouched);
}

// The first algorithm whose answers differ.
const Cipher* disagreeing(LaneEngine& engine) {
  for (const Cipher& cipher : all_ciphers()) {
    if (cipher.is_aead() && !agrees(engine, cipher)) return &cipher;
  }
  return nullptr;
}

Result<std::string> try_ipsec_mb() {
  auto made = IpsecMb::make();
  if (!made) return fail_with(made.error());
  LaneEngine engine(std::move(*made));
  if (const Cipher* cipher = disagreeing(engine); cipher != nullptr) {
    return fail("its {} differs from OpenSSL's", cipher->name);
  }
  return engine.ipsec_mb()->name();
}

}  // namespace

Result<ChosenEngine> choose_engine(Engine wanted) {
  ChosenEngine chosen;
  if (wanted == Engine::openssl) return chosen;
  const auto tried = try_ipsec_mb();
  if (tried) return ChosenEngine{Engine::ipsec_mb, *tried, {}};
  if (wanted == Engine::ipsec_mb) return fail_because("ipsec-mb cannot be used", tried.error());
  chosen.missed = tried.error().what;
  return chosen;
}

}  // namespace adit::crypto
