// first byte, peer id (4) | epoch (2) | counter (6) | ciphertext | tag (16)
//
// The twelve clear bytes are the additional data; the nonce is the epoch's implicit IV xor (epoch,
// counter, 0000). The sender moves to the next epoch at its usage limit; the receiver follows
// whatever authenticates. source: wire protocol 10.7.

#include <algorithm>
#include <vector>

#include "crypto/aead_run.h"
#include "crypto/data_formats.h"

namespace adit::crypto {

namespace {

constexpr std::size_t header_bytes = 4;
constexpr std::size_t epoch_id_bytes = 8;
constexpr std::size_t clear_bytes = header_bytes + epoch_id_bytes;
constexpr std::uint64_t last_counter = (std::uint64_t{1} << 48) - 1;
constexpr std::uint16_t last_epoch = 0xFFFF;
constexpr std::uint16_t future_epochs = 16;

std::uint64_t load_u48(const std::uint8_t* at) {
  return std::uint64_t{load_u16(at)} << 32 | load_u32(at + 2);
}

AeadNonce make_nonce(Bytes implicit_iv, const std::uint8_t* id) {
  AeadNonce nonce;
  for (std::size_t i = 0; i < nonce.size(); ++i) {
    nonce[i] = static_cast<std::uint8_t>(implicit_iv[i] ^ (i < epoch_id_bytes ? id[i] : 0));
  }
  return nonce;
}

// packet: whole, with the clear bytes in place
void describe(Bytes implicit_iv, Packet& packet, AeadItem& item) {
  std::uint8_t* at = packet.data();
  item.nonce = make_nonce(implicit_iv, at + header_bytes);
  item.additional = at;
  item.additional_bytes = clear_bytes;
  item.text = at + clear_bytes;
  item.text_bytes = packet.size() - clear_bytes - aead_tag_bytes;
  item.tag = at + packet.size() - aead_tag_bytes;
}

EpochSecret secret_of_epoch(const DirectionKeys& keys, std::uint16_t epoch) {
  EpochSecret secret(keys.cipher.part(0, 32));
  for (std::uint16_t i = 1; i < epoch; ++i) secret = next_epoch_secret(secret);
  return secret;
}

struct KeyOfEpoch {
  std::uint16_t epoch;
  std::unique_ptr<AeadKey> aead;
  Secret<12> implicit_iv;
};

Result<KeyOfEpoch> make_key(const Cipher& cipher, const EpochSecret& secret, std::uint16_t epoch,
                            AeadKey::Use use, LaneEngine* engine) {
  const EpochKey derived = epoch_key(secret, cipher.key_bytes);
  auto made = AeadKey::make(cipher, derived.key.part(0, cipher.key_bytes), use, engine);
  if (!made) return fail_with(made.error());
  return KeyOfEpoch{epoch, std::move(*made), derived.implicit_iv};
}

class EpochSealer final : public Sealer {
 public:
  EpochSealer(const DataFormat& format, EpochSecret secret, KeyOfEpoch key, const SealState& start,
              LaneEngine* engine)
      : format_(format), secret_(secret), key_(std::move(key)), state_(start), engine_(engine) {}

  std::size_t seal(std::span<Packet* const> run, std::uint32_t) override {
    std::size_t sealed = 0;
    while (sealed < run.size() && (!used_up() || advance())) {
      sealed += seal_some(run.subspan(sealed));
    }
    state_.sealed += sealed;
    return sealed;
  }

  SealState state() const override { return state_; }
  void prefetch() const override { key_.aead->prefetch(); }

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
                        AeadKey::Use::seal, engine_);
    if (!key) return false;
    secret_ = next;
    key_ = std::move(*key);
    ++state_.epoch;
    state_.next_packet_id = 1;
    state_.blocks = 0;
    return true;
  }

  // As many as go together: under the present epoch.
  std::size_t seal_some(std::span<Packet* const> run) {
    AeadRun gathered;
    for (Packet* packet : run) {
      if (gathered.full() || used_up()) break;
      state_.blocks += usage_blocks(clear_bytes, packet->size());
      write_clear_bytes(packet->prepend(clear_bytes), state_.next_packet_id++);
      packet->append(aead_tag_bytes);
      describe(key_.implicit_iv.bytes(), *packet, gathered.next());
      gathered.add();
    }
    key_.aead->seal(gathered.items());
    return gathered.items().size();
  }

  void write_clear_bytes(std::uint8_t* at, std::uint64_t counter) const {
    write_data_header(format_, at);
    store_u16(at + header_bytes, state_.epoch);
    store_u16(at + header_bytes + 2, static_cast<std::uint16_t>(counter >> 32));
    store_u32(at + header_bytes + 4, static_cast<std::uint32_t>(counter));
  }

  DataFormat format_;
  EpochSecret secret_;
  KeyOfEpoch key_;
  SealState state_;
  LaneEngine* engine_;
};

class EpochOpener final : public Opener {
 public:
  EpochOpener(const DataFormat& format, const DirectionKeys& keys, const ReplayWindow& window,
              LaneEngine* engine)
      : format_(format), keys_(keys), engine_(engine), window_(window.fresh()) {}

  Status start_at(std::uint16_t epoch) {
    secret_ = secret_of_epoch(keys_, epoch);
    auto current = make_key(*format_.cipher, secret_, epoch, AeadKey::Use::open, engine_);
    if (!current) return fail_with(current.error());
    current_.emplace(std::move(*current));
    previous_.reset();
    future_.clear();
    return {};
  }

  void open(std::span<Opening> run, Instant now) override {
    while (!run.empty()) {
      const std::size_t together = count_of_current(run);
      open_with(*current_, window_, run.first(together), now);
      run = run.subspan(together);
      if (run.empty()) break;
      open_other(run.first(1), now);
      run = run.subspan(1);
    }
  }

  OpenState state() const override {
    return {current_->epoch, window_.state(), counts_.failed, counts_.opened, counts_.blocks};
  }
  void restore(const OpenState& state, Instant now) override {
    if (!start_at(state.epoch)) return;
    window_.restore(state.window, now);
    counts_ = {state.failed, state.opened, state.blocks};
  }
  std::uint16_t epoch() const override { return current_->epoch; }
  std::uint64_t blocks() const override { return counts_.blocks; }
  void prefetch() const override {
    window_.prefetch();
    current_->aead->prefetch();
  }

 private:
  static std::uint16_t epoch_of(const Packet& packet) {
    return load_u16(packet.data() + header_bytes);
  }
  static bool too_short(const Packet& packet) {
    return packet.size() <= clear_bytes + aead_tag_bytes;
  }

  // How many of the front the present epoch's key decides about.
  std::size_t count_of_current(std::span<const Opening> run) const {
    const auto other = std::ranges::find_if(run, [&](const Opening& opening) {
      return !too_short(*opening.packet) && epoch_of(*opening.packet) != current_->epoch;
    });
    return static_cast<std::size_t>(other - run.begin());
  }

  // one: a single packet of another epoch
  void open_other(std::span<Opening> one, Instant now) {
    const std::uint16_t epoch = epoch_of(*one.front().packet);
    if (previous_ && epoch == previous_->epoch) {
      open_with(*previous_, previous_window_, one, now);
    } else if (epoch < current_->epoch || epoch - current_->epoch > future_epochs) {
      one.front().verdict = Drop::no_key;
    } else {
      open_future(one, epoch, now);
    }
  }

  // Tried with the later key first; only success makes that epoch the current one.
  void open_future(std::span<Opening> one, std::uint16_t epoch, Instant now) {
    KeyOfEpoch* key = future_key(epoch);
    one.front().verdict = Drop::no_key;
    if (key == nullptr) return;
    if (!next_window_) next_window_.emplace(window_.fresh());
    open_with(*key, *next_window_, one, now);
    if (one.front().verdict != Drop::none) return;
    previous_ = std::move(current_);
    previous_window_ = std::move(window_);
    while (future_.front().key.epoch != epoch) future_.erase(future_.begin());
    secret_ = future_.front().secret;
    current_.emplace(std::move(future_.front().key));
    future_.erase(future_.begin());
    window_ = std::move(*next_window_);
    next_window_.reset();
    counts_.blocks = 0;
  }

  KeyOfEpoch* future_key(std::uint16_t epoch) {
    while (future_.empty() || future_.back().key.epoch < epoch) {
      const EpochSecret& last = future_.empty() ? secret_ : future_.back().secret;
      const auto number = static_cast<std::uint16_t>(
          (future_.empty() ? current_->epoch : future_.back().key.epoch) + 1);
      const EpochSecret secret = next_epoch_secret(last);
      auto key = make_key(*format_.cipher, secret, number, AeadKey::Use::open, engine_);
      if (!key) return nullptr;
      future_.push_back({secret, std::move(*key)});
    }
    for (Future& future : future_) {
      if (future.key.epoch == epoch) return &future.key;
    }
    return nullptr;
  }

  void open_with(KeyOfEpoch& key, ReplayWindow& window, std::span<Opening> run, Instant now) {
    constexpr PacketFrame frame{clear_bytes, aead_tag_bytes, clear_bytes};
    open_runs(*key.aead, window, counts_, frame, run, now, [&](Packet& packet, AeadItem& item) {
      describe(key.implicit_iv.bytes(), packet, item);
      return load_u48(packet.data() + header_bytes + 2);
    });
  }

  struct Future {
    EpochSecret secret;
    KeyOfEpoch key;
  };

  DataFormat format_;
  DirectionKeys keys_;
  LaneEngine* engine_;
  EpochSecret secret_;  // of the current epoch
  std::optional<KeyOfEpoch> current_;
  std::optional<KeyOfEpoch> previous_;
  std::vector<Future> future_;  // in order
  ReplayWindow window_;
  std::optional<ReplayWindow> next_window_;  // for whichever epoch comes next, once one seems to
  ReplayWindow previous_window_;
  OpenCounts counts_;
};

}  // namespace

Result<std::unique_ptr<Sealer>> make_epoch_sealer(const DataFormat& format,
                                                  const DirectionKeys& keys, const SealState& start,
                                                  LaneEngine* engine) {
  const EpochSecret secret = secret_of_epoch(keys, start.epoch);
  auto key = make_key(*format.cipher, secret, start.epoch, AeadKey::Use::seal, engine);
  if (!key) return fail_with(key.error());
  return std::make_unique<EpochSealer>(format, secret, std::move(*key), start, engine);
}

Result<std::unique_ptr<Opener>> make_epoch_opener(const DataFormat& format,
                                                  const DirectionKeys& keys,
                                                  const ReplayWindow& window, LaneEngine* engine) {
  auto opener = std::make_unique<EpochOpener>(format, keys, window, engine);
  if (auto started = opener->start_at(1); !started) return fail_with(started.error());
  return opener;
}

}  // namespace adit::crypto
