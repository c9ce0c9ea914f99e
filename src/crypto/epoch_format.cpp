// first byte, peer id (4) | epoch (2) | counter (6) | ciphertext | tag (16)
//
// The twelve clear bytes are the additional data; the nonce is the epoch's implicit IV xor (epoch,
// counter, 0000). The sender moves to the next epoch at its usage limit; the receiver follows
// whatever authenticates. source: wire protocol 10.7.

#include <array>
#include <deque>

#include "crypto/aead.h"
#include "crypto/data_formats.h"

namespace adit::crypto {

namespace {

constexpr std::size_t header_bytes = 4;
constexpr std::size_t id_bytes = 8;
constexpr std::size_t clear_bytes = header_bytes + id_bytes;
constexpr std::uint64_t last_counter = (std::uint64_t{1} << 48) - 1;
constexpr std::uint16_t last_epoch = 0xFFFF;
constexpr std::uint16_t future_epochs = 16;

std::uint64_t load_u48(const std::uint8_t* at) {
  return std::uint64_t{load_u16(at)} << 32 | load_u32(at + 2);
}

using Nonce = std::array<std::uint8_t, aead_nonce_bytes>;

Nonce make_nonce(Bytes implicit_iv, const std::uint8_t* id) {
  Nonce nonce;
  for (std::size_t i = 0; i < nonce.size(); ++i) {
    nonce[i] = static_cast<std::uint8_t>(implicit_iv[i] ^ (i < id_bytes ? id[i] : 0));
  }
  return nonce;
}

EpochSecret secret_of_epoch(const DirectionKeys& keys, std::uint16_t epoch) {
  EpochSecret secret(keys.cipher.part(0, 32));
  for (std::uint16_t i = 1; i < epoch; ++i) secret = next_epoch_secret(secret);
  return secret;
}

struct KeyOfEpoch {
  std::uint16_t epoch;
  AeadKey aead;
  Secret<12> implicit_iv;
};

Result<KeyOfEpoch> make_key(const Cipher& cipher, const EpochSecret& secret, std::uint16_t epoch,
                            AeadKey::Use use) {
  const EpochKey derived = epoch_key(secret, cipher.key_bytes);
  auto aead = AeadKey::make(cipher, derived.key.part(0, cipher.key_bytes), use);
  if (!aead) return fail_with(aead.error());
  return KeyOfEpoch{epoch, std::move(*aead), derived.implicit_iv};
}

class EpochSealer final : public Sealer {
 public:
  EpochSealer(const DataFormat& format, EpochSecret secret, KeyOfEpoch key, const SealState& start)
      : format_(format), secret_(secret), key_(std::move(key)), state_(start) {}

  std::size_t seal(std::span<Packet* const> run, std::uint32_t) override {
    std::size_t sealed = 0;
    for (Packet* packet : run) {
      if (used_up() && !advance()) break;
      seal_one(*packet);
      ++sealed;
    }
    state_.sealed += sealed;
    return sealed;
  }

  SealState state() const override { return state_; }

  void raise_epoch(std::uint16_t epoch) override {
    while (state_.epoch < epoch && advance()) {
    }
  }

 private:
  bool used_up() const {
    const bool limited = format_.cipher->block_bytes == 16;  // ChaCha20 has no usage limit
    return state_.next_packet_id > last_counter ||
           (limited && state_.next_packet_id + state_.blocks > gcm_usage_limit);
  }

  bool advance() {
    if (state_.epoch == last_epoch) return false;
    const EpochSecret next = next_epoch_secret(secret_);
    auto key = make_key(*format_.cipher, next, static_cast<std::uint16_t>(state_.epoch + 1),
                        AeadKey::Use::seal);
    if (!key) return false;
    secret_ = next;
    key_ = std::move(*key);
    ++state_.epoch;
    state_.next_packet_id = 1;
    state_.blocks = 0;
    return true;
  }

  void seal_one(Packet& packet) {
    const MutableBytes text = packet.writable();
    std::uint8_t* front = packet.prepend(clear_bytes);
    write_data_header(format_, front);
    const std::uint64_t counter = state_.next_packet_id++;
    store_u16(front + header_bytes, state_.epoch);
    store_u16(front + header_bytes + 2, static_cast<std::uint16_t>(counter >> 32));
    store_u32(front + header_bytes + 4, static_cast<std::uint32_t>(counter));
    const Nonce nonce = make_nonce(key_.implicit_iv.bytes(), front + header_bytes);
    std::uint8_t* tag = packet.append(aead_tag_bytes);
    key_.aead.seal(nonce, {front, clear_bytes}, text, tag);
    state_.blocks += usage_blocks(clear_bytes, text.size());
  }

  DataFormat format_;
  EpochSecret secret_;
  KeyOfEpoch key_;
  SealState state_;
};

class EpochOpener final : public Opener {
 public:
  EpochOpener(const DataFormat& format, const DirectionKeys& keys, const ReplayWindow& window)
      : format_(format), keys_(keys), window_(window.fresh()), next_window_(window.fresh()) {}

  Status start_at(std::uint16_t epoch) {
    secret_ = secret_of_epoch(keys_, epoch);
    auto current = make_key(*format_.cipher, secret_, epoch, AeadKey::Use::open);
    if (!current) return fail_with(current.error());
    current_.emplace(std::move(*current));
    previous_.reset();
    future_.clear();
    return {};
  }

  void open(std::span<Opening> run, Instant now) override {
    for (Opening& opening : run) opening.verdict = open_one(opening, now);
  }

  OpenState state() const override {
    return {current_->epoch, window_.state(), failed_, opened_, blocks_};
  }
  void restore(const OpenState& state, Instant now) override {
    if (!start_at(state.epoch)) return;
    window_.restore(state.window, now);
    failed_ = state.failed;
    opened_ = state.opened;
    blocks_ = state.blocks;
  }
  std::uint16_t epoch() const override { return current_->epoch; }
  std::uint64_t blocks() const override { return blocks_; }

 private:
  Drop open_one(Opening& opening, Instant now) {
    Packet& packet = *opening.packet;
    if (packet.size() <= clear_bytes + aead_tag_bytes) return Drop::malformed;
    const std::uint16_t epoch = load_u16(packet.data() + header_bytes);
    const std::uint64_t counter = load_u48(packet.data() + header_bytes + 2);
    if (epoch == current_->epoch) return open_with(*current_, window_, opening, counter, now);
    if (previous_ && epoch == previous_->epoch) {
      return open_with(*previous_, previous_window_, opening, counter, now);
    }
    if (epoch < current_->epoch || epoch - current_->epoch > future_epochs) return Drop::no_key;
    return open_future(opening, epoch, counter, now);
  }

  // Tried with the later key first; only success makes that epoch the current one.
  Drop open_future(Opening& opening, std::uint16_t epoch, std::uint64_t counter, Instant now) {
    KeyOfEpoch* key = future_key(epoch);
    if (key == nullptr) return Drop::no_key;
    const Drop verdict = open_with(*key, next_window_, opening, counter, now);
    if (verdict != Drop::none) return verdict;
    previous_ = std::move(current_);
    previous_window_ = std::move(window_);
    while (future_.front().key.epoch != epoch) future_.pop_front();
    secret_ = future_.front().secret;
    current_.emplace(std::move(future_.front().key));
    future_.pop_front();
    window_ = std::exchange(next_window_, next_window_.fresh());
    blocks_ = 0;
    return Drop::none;
  }

  KeyOfEpoch* future_key(std::uint16_t epoch) {
    while (future_.empty() || future_.back().key.epoch < epoch) {
      const EpochSecret& last = future_.empty() ? secret_ : future_.back().secret;
      const auto number = static_cast<std::uint16_t>(
          (future_.empty() ? current_->epoch : future_.back().key.epoch) + 1);
      const EpochSecret secret = next_epoch_secret(last);
      auto key = make_key(*format_.cipher, secret, number, AeadKey::Use::open);
      if (!key) return nullptr;
      future_.push_back({secret, std::move(*key)});
    }
    for (Future& future : future_) {
      if (future.key.epoch == epoch) return &future.key;
    }
    return nullptr;
  }

  Drop open_with(KeyOfEpoch& key, ReplayWindow& window, Opening& opening, std::uint64_t counter,
                 Instant now) {
    Packet& packet = *opening.packet;
    opening.id = counter;
    opening.behind = window.behind(counter);
    if (const Drop verdict = window.check(counter, 0, now); verdict != Drop::none) return verdict;
    if (failed_ > failed_tags_limit) return Drop::key_exhausted;
    const std::uint8_t* front = packet.data();
    const Nonce nonce = make_nonce(key.implicit_iv.bytes(), front + header_bytes);
    const MutableBytes text =
        packet.writable().subspan(clear_bytes, packet.size() - clear_bytes - aead_tag_bytes);
    const std::uint8_t* tag = packet.data() + packet.size() - aead_tag_bytes;
    if (!key.aead.open(nonce, {front, clear_bytes}, text, tag)) {
      ++failed_;
      return Drop::bad_tag;
    }
    window.add(counter, 0, now);
    ++opened_;
    blocks_ += usage_blocks(clear_bytes, text.size());
    packet.drop_front(clear_bytes);
    packet.drop_back(aead_tag_bytes);
    return Drop::none;
  }

  struct Future {
    EpochSecret secret;
    KeyOfEpoch key;
  };

  DataFormat format_;
  DirectionKeys keys_;
  EpochSecret secret_;  // of the current epoch
  std::optional<KeyOfEpoch> current_;
  std::optional<KeyOfEpoch> previous_;
  std::deque<Future> future_;
  ReplayWindow window_;
  ReplayWindow next_window_;  // for whichever epoch comes next
  ReplayWindow previous_window_;
  std::uint64_t failed_ = 0;
  std::uint64_t opened_ = 0;
  std::uint64_t blocks_ = 0;
};

}  // namespace

Result<std::unique_ptr<Sealer>> make_epoch_sealer(const DataFormat& format,
                                                  const DirectionKeys& keys,
                                                  const SealState& start) {
  const EpochSecret secret = secret_of_epoch(keys, start.epoch);
  auto key = make_key(*format.cipher, secret, start.epoch, AeadKey::Use::seal);
  if (!key) return fail_with(key.error());
  return std::make_unique<EpochSealer>(format, secret, std::move(*key), start);
}

Result<std::unique_ptr<Opener>> make_epoch_opener(const DataFormat& format,
                                                  const DirectionKeys& keys,
                                                  const ReplayWindow& window) {
  auto opener = std::make_unique<EpochOpener>(format, keys, window);
  if (auto started = opener->start_at(1); !started) return fail_with(started.error());
  return opener;
}

}  // namespace adit::crypto
