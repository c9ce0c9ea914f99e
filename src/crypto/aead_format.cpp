// header | packet id (4) | tag (16) | ciphertext
//
// The additional data is header and packet id for P_DATA_V2 and the packet id alone for P_DATA_V1;
// the nonce is the packet id and eight implicit bytes.

#include <algorithm>
#include <array>

#include "crypto/aead.h"
#include "crypto/data_formats.h"

namespace adit::crypto {

namespace {

constexpr std::size_t id_bytes = 4;
constexpr std::size_t implicit_bytes = aead_nonce_bytes - id_bytes;
constexpr std::uint64_t last_packet_id = 0xFFFFFFFF;

using Nonce = std::array<std::uint8_t, aead_nonce_bytes>;

Nonce nonce_template(const DirectionKeys& keys) {
  Nonce nonce{};
  std::ranges::copy(keys.hmac.bytes().first(implicit_bytes), nonce.begin() + id_bytes);
  return nonce;
}

class AeadSealer final : public Sealer {
 public:
  AeadSealer(const DataFormat& format, const DirectionKeys& keys, AeadKey key,
             const SealState& start)
      : format_(format), key_(std::move(key)), nonce_(nonce_template(keys)), state_(start) {}

  std::size_t seal(std::span<Packet* const> run, std::uint32_t) override {
    std::size_t sealed = 0;
    for (Packet* packet : run) {
      if (state_.next_packet_id > last_packet_id) break;
      seal_one(*packet, static_cast<std::uint32_t>(state_.next_packet_id++));
      ++sealed;
    }
    state_.sealed += sealed;
    return sealed;
  }

  SealState state() const override { return state_; }

 private:
  void seal_one(Packet& packet, std::uint32_t id) {
    const std::size_t header = format_.header_bytes();
    const MutableBytes text = packet.writable();
    std::uint8_t* front = packet.prepend(header + id_bytes + aead_tag_bytes);
    write_data_header(format_, front);
    store_u32(front + header, id);
    store_u32(nonce_.data(), id);
    const std::size_t unprotected = format_.header == DataFormat::Header::v2 ? 0 : header;
    const Bytes additional(front + unprotected, header + id_bytes - unprotected);
    key_.seal(nonce_, additional, text, front + header + id_bytes);
    state_.blocks += usage_blocks(additional.size(), text.size());
  }

  DataFormat format_;
  AeadKey key_;
  Nonce nonce_;
  SealState state_;
};

class AeadOpener final : public Opener {
 public:
  AeadOpener(const DataFormat& format, const DirectionKeys& keys, AeadKey key,
             const ReplayWindow& window)
      : format_(format), key_(std::move(key)), nonce_(nonce_template(keys)), window_(window) {}

  void open(std::span<Opening> run, Instant now) override {
    for (Opening& opening : run) opening.verdict = open_one(opening, now);
  }

  OpenState state() const override { return {1, window_.state(), failed_, opened_, blocks_}; }
  void restore(const OpenState& state, Instant now) override {
    window_.restore(state.window, now);
    failed_ = state.failed;
    opened_ = state.opened;
    blocks_ = state.blocks;
  }
  std::uint64_t blocks() const override { return blocks_; }

 private:
  Drop open_one(Opening& opening, Instant now) {
    Packet& packet = *opening.packet;
    const std::size_t header = format_.header_bytes();
    const std::size_t front = header + id_bytes + aead_tag_bytes;
    if (packet.size() <= front) return Drop::malformed;
    const std::uint8_t* at = packet.data();
    const std::uint32_t id = load_u32(at + header);
    opening.id = id;
    opening.behind = window_.behind(id);
    if (const Drop verdict = window_.check(id, 0, now); verdict != Drop::none) return verdict;
    if (failed_ > failed_tags_limit) return Drop::key_exhausted;
    store_u32(nonce_.data(), id);
    const std::size_t unprotected = format_.header == DataFormat::Header::v2 ? 0 : header;
    const Bytes additional(at + unprotected, header + id_bytes - unprotected);
    const MutableBytes text = packet.writable().subspan(front);
    if (!key_.open(nonce_, additional, text, at + header + id_bytes)) {
      ++failed_;
      return Drop::bad_tag;
    }
    window_.add(id, 0, now);
    ++opened_;
    blocks_ += usage_blocks(additional.size(), text.size());
    packet.drop_front(front);
    return Drop::none;
  }

  DataFormat format_;
  AeadKey key_;
  Nonce nonce_;
  ReplayWindow window_;
  std::uint64_t failed_ = 0;
  std::uint64_t opened_ = 0;
  std::uint64_t blocks_ = 0;
};

Bytes cipher_key(const DataFormat& format, const DirectionKeys& keys) {
  return keys.cipher.bytes().first(format.cipher->key_bytes);
}

}  // namespace

Result<std::unique_ptr<Sealer>> make_aead_sealer(const DataFormat& format,
                                                 const DirectionKeys& keys,
                                                 const SealState& start) {
  auto key = AeadKey::make(*format.cipher, cipher_key(format, keys), AeadKey::Use::seal);
  if (!key) return fail_with(key.error());
  return std::make_unique<AeadSealer>(format, keys, std::move(*key), start);
}

Result<std::unique_ptr<Opener>> make_aead_opener(const DataFormat& format,
                                                 const DirectionKeys& keys,
                                                 const ReplayWindow& window) {
  auto key = AeadKey::make(*format.cipher, cipher_key(format, keys), AeadKey::Use::open);
  if (!key) return fail_with(key.error());
  return std::make_unique<AeadOpener>(format, keys, std::move(*key), window);
}

}  // namespace adit::crypto
