// header | packet id (4) | tag (16) | ciphertext
//
// The additional data is header and packet id for P_DATA_V2 and the packet id alone for P_DATA_V1;
// the nonce is the packet id and eight implicit bytes.

#include <algorithm>

#include "crypto/aead_run.h"
#include "crypto/data_formats.h"

namespace adit::crypto {

namespace {

constexpr std::size_t short_id_bytes = 4;
constexpr std::size_t implicit_bytes = aead_nonce_bytes - short_id_bytes;

// Where things lie in a packet of one key.
class Layout {
 public:
  Layout(const DataFormat& format, const DirectionKeys& keys)
      : header_(format.header_bytes()),
        unprotected_(format.header == DataFormat::Header::v2 ? 0 : header_) {
    std::ranges::copy(keys.hmac.bytes().first(implicit_bytes), nonce_.begin() + short_id_bytes);
  }

  [[nodiscard]] std::size_t front() const { return header_ + short_id_bytes + aead_tag_bytes; }
  [[nodiscard]] std::size_t additional_bytes() const {
    return header_ + short_id_bytes - unprotected_;
  }
  [[nodiscard]] std::uint32_t id(const std::uint8_t* at) const { return load_u32(at + header_); }
  void write_id(std::uint8_t* at, std::uint32_t id) const { store_u32(at + header_, id); }

  // at: a packet with its header and id in place
  void describe(std::uint8_t* at, std::size_t bytes, AeadItem& item) const {
    item.nonce = nonce_;
    std::copy_n(at + header_, short_id_bytes, item.nonce.begin());
    item.additional = at + unprotected_;
    item.additional_bytes = static_cast<std::uint32_t>(additional_bytes());
    item.tag = at + header_ + short_id_bytes;
    item.text = at + front();
    item.text_bytes = bytes - front();
  }

 private:
  std::size_t header_;
  std::size_t unprotected_;
  AeadNonce nonce_{};  // its first bytes are the packet id
};

class AeadSealer final : public Sealer {
 public:
  AeadSealer(const DataFormat& format, const DirectionKeys& keys, std::unique_ptr<AeadKey> key,
             const SealState& start)
      : format_(format), layout_(format, keys), key_(std::move(key)), state_(start) {}

  std::size_t seal(std::span<Packet* const> run, std::uint32_t) override {
    const std::uint64_t end = last_packet_id + 1;
    const std::uint64_t left = end - std::min(end, state_.next_packet_id);
    const auto sealable = run.first(std::min<std::uint64_t>(run.size(), left));
    for (std::size_t at = 0; at < sealable.size(); at += AeadRun::most) {
      seal_some(sealable.subspan(at, std::min(AeadRun::most, sealable.size() - at)));
    }
    state_.sealed += sealable.size();
    return sealable.size();
  }

  SealState state() const override { return state_; }
  void prefetch() const override { key_->prefetch(); }

 private:
  void seal_some(std::span<Packet* const> run) {
    AeadRun gathered;
    for (Packet* packet : run) {
      state_.blocks += usage_blocks(layout_.additional_bytes(), packet->size());
      std::uint8_t* at = packet->prepend(layout_.front());
      write_data_header(format_, at);
      layout_.write_id(at, static_cast<std::uint32_t>(state_.next_packet_id++));
      layout_.describe(at, packet->size(), gathered.next());
      gathered.add();
    }
    key_->seal(gathered.items());
  }

  DataFormat format_;
  Layout layout_;
  std::unique_ptr<AeadKey> key_;
  SealState state_;
};

class AeadOpener final : public Opener {
 public:
  AeadOpener(const DataFormat& format, const DirectionKeys& keys, std::unique_ptr<AeadKey> key,
             const ReplayWindow& window)
      : layout_(format, keys), key_(std::move(key)), window_(window) {}

  void open(std::span<Opening> run, Instant now) override {
    const PacketFrame frame{layout_.front(), 0, layout_.additional_bytes()};
    open_runs(*key_, window_, counts_, frame, run, now, [&](Packet& packet, AeadItem& item) {
      layout_.describe(packet.data(), packet.size(), item);
      return layout_.id(packet.data());
    });
  }

  OpenState state() const override {
    return {1, window_.state(), counts_.failed, counts_.opened, counts_.blocks};
  }
  void restore(const OpenState& state, Instant now) override {
    window_.restore(state.window, now);
    counts_ = {state.failed, state.opened, state.blocks};
  }
  std::uint64_t blocks() const override { return counts_.blocks; }
  void prefetch() const override {
    window_.prefetch();
    key_->prefetch();
  }

 private:
  Layout layout_;
  std::unique_ptr<AeadKey> key_;
  ReplayWindow window_;
  OpenCounts counts_;
};

Bytes cipher_key(const DataFormat& format, const DirectionKeys& keys) {
  return keys.cipher.bytes().first(format.cipher->key_bytes);
}

}  // namespace

Result<std::unique_ptr<Sealer>> make_aead_sealer(const DataFormat& format,
                                                 const DirectionKeys& keys, const SealState& start,
                                                 LaneEngine* engine) {
  auto key = AeadKey::make(*format.cipher, cipher_key(format, keys), AeadKey::Use::seal, engine);
  if (!key) return fail_with(key.error());
  return std::make_unique<AeadSealer>(format, keys, std::move(*key), start);
}

Result<std::unique_ptr<Opener>> make_aead_opener(const DataFormat& format,
                                                 const DirectionKeys& keys,
                                                 const ReplayWindow& window, LaneEngine* engine) {
  auto key = AeadKey::make(*format.cipher, cipher_key(format, keys), AeadKey::Use::open, engine);
  if (!key) return fail_with(key.error());
  return std::make_unique<AeadOpener>(format, keys, std::move(*key), window);
}

}  // namespace adit::crypto
