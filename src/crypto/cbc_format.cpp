// header | HMAC | IV | CBC(packet id | payload | padding)         the HMAC covers IV and ciphertext
// header | HMAC | packet id | payload                             cipher none
//
// The header is not authenticated here: it serves for look-up only. An engine with queues gets
// whole runs of AES-CBC with HMAC; short runs, and all else, go packet by packet through OpenSSL.

#include <algorithm>
#include <array>
#include <cstring>

#include "base/assert.h"
#include "crypto/data_formats.h"
#include "crypto/handles.h"
#include "crypto/ipsec_mb.h"
#include "crypto/lane_engine.h"

namespace adit::crypto {

namespace {

// Random IVs, drawn in bulk.
class IvSource {
 public:
  explicit IvSource(Rng& rng) : rng_(rng) {}

  Bytes take(std::size_t count) {
    if (used_ + count > pool_.size()) {
      rng_.fill(pool_);
      used_ = 0;
    }
    used_ += count;
    return Bytes(pool_).subspan(used_ - count, count);
  }

 private:
  Rng& rng_;
  std::array<std::uint8_t, 1024> pool_{};
  std::size_t used_ = sizeof pool_;
};

Result<CipherContext> make_context(const Cipher& cipher, Bytes key, int encrypt) {
  const FetchedCipher fetched(EVP_CIPHER_fetch(nullptr, std::string(cipher.name).c_str(), nullptr));
  CipherContext context(EVP_CIPHER_CTX_new());
  if (!fetched || !context ||
      EVP_CipherInit_ex2(context.get(), fetched.get(), key.data(), nullptr, encrypt, nullptr) !=
          1) {
    return fail("the TLS library cannot use the cipher {}", cipher.name);
  }
  EVP_CIPHER_CTX_set_padding(context.get(), 0);
  return context;
}

std::optional<Hmac> make_mac(const DataFormat& format, const DirectionKeys& keys) {
  if (!format.digest) return std::nullopt;
  return Hmac(*format.digest, keys.hmac.bytes().first(format.digest->bytes));
}

std::unique_ptr<CbcHmacKey> make_run_key(const DataFormat& format, const DirectionKeys& keys,
                                         LaneEngine* engine) {
  IpsecMb* fast = engine == nullptr ? nullptr : engine->ipsec_mb();
  if (fast == nullptr || !format.digest) return nullptr;
  return fast->cbc_hmac_key(*format.cipher, keys.cipher.bytes().first(format.cipher->key_bytes),
                            *format.digest, keys.hmac.bytes().first(format.digest->bytes));
}

class CbcSealer final : public Sealer {
 public:
  CbcSealer(const DataFormat& format, const DirectionKeys& keys, CipherContext context, Rng& rng,
            const SealState& start, LaneEngine* engine)
      : format_(format),
        context_(std::move(context)),
        mac_(make_mac(format, keys)),
        run_key_(make_run_key(format, keys, engine)),
        ivs_(rng),
        state_(start) {}

  std::size_t seal(std::span<Packet* const> run, std::uint32_t now_unix) override {
    if (format_.long_id && time_ == 0) time_ = now_unix;
    std::size_t sealed = 0;
    while (sealed < run.size()) {
      if (state_.next_packet_id > last_packet_id && !begin_series(now_unix)) break;
      const std::uint64_t ids = last_packet_id - state_.next_packet_id + 1;
      const std::size_t most = std::min<std::uint64_t>(ids, CbcHmacKey::most_packets);
      const auto some = run.subspan(sealed, std::min(run.size() - sealed, most));
      seal_some(some);
      sealed += some.size();
    }
    state_.sealed += sealed;
    return sealed;
  }

  SealState state() const override { return state_; }
  void prefetch() const override {
    if (run_key_) run_key_->prefetch();
  }

 private:
  // The long form counts from 1 again, under a later time.
  bool begin_series(std::uint32_t now_unix) {
    if (!format_.long_id) return false;
    time_ = std::max(now_unix, time_ + 1);
    state_.next_packet_id = 1;
    return true;
  }

  void seal_some(std::span<Packet* const> run) {
    const auto fits = [](const Packet* packet) {
      constexpr std::size_t most_added = 32;  // id, time, padding
      return packet->size() + most_added <= CbcHmacKey::most_text;
    };
    if (run_key_ && run.size() >= CbcHmacKey::worthwhile_packets &&
        std::ranges::all_of(run, fits)) {
      seal_together(run);
    } else {
      for (Packet* packet : run) seal_one(*packet);
    }
  }

  void seal_one(Packet& packet) {
    write_id(packet);
    if (context_) encrypt(packet);
    if (mac_) {
      const Bytes covered = packet.bytes();
      mac_->compute({covered}, {packet.prepend(mac_->bytes()), mac_->bytes()});
    }
    write_data_header(format_, packet.prepend(format_.header_bytes()));
  }

  void seal_together(std::span<Packet* const> run) {
    std::array<CbcItem, CbcHmacKey::most_packets> items;
    for (std::size_t i = 0; i < run.size(); ++i) {
      Packet& packet = *run[i];
      write_id(packet);
      pad(packet);
      items[i].text_bytes = packet.size();
      items[i].iv = write_iv(packet);
      items[i].mac = packet.prepend(format_.digest->bytes);
      write_data_header(format_, packet.prepend(format_.header_bytes()));
    }
    run_key_->seal(std::span(items).first(run.size()));
  }

  void write_id(Packet& packet) {
    if (format_.long_id) store_u32(packet.prepend(4), time_);
    store_u32(packet.prepend(4), static_cast<std::uint32_t>(state_.next_packet_id++));
  }

  void pad(Packet& packet) {
    const std::size_t block = format_.cipher->block_bytes;
    const std::size_t padding = block - packet.size() % block;
    std::memset(packet.append(padding), static_cast<int>(padding), padding);
    state_.blocks += packet.size() / block;
  }

  std::uint8_t* write_iv(Packet& packet) {
    const Bytes iv = ivs_.take(format_.cipher->iv_bytes);
    std::memcpy(packet.prepend(iv.size()), iv.data(), iv.size());
    return packet.data();
  }

  void encrypt(Packet& packet) {
    pad(packet);
    const MutableBytes text = packet.writable();
    const std::uint8_t* iv = write_iv(packet);
    int written = 0;
    const bool ok = EVP_EncryptInit_ex2(context_.get(), nullptr, nullptr, iv, nullptr) == 1 &&
                    EVP_EncryptUpdate(context_.get(), text.data(), &written, text.data(),
                                      static_cast<int>(text.size())) == 1;
    ADIT_ASSERT(ok && static_cast<std::size_t>(written) == text.size());
  }

  DataFormat format_;
  CipherContext context_;
  std::optional<Hmac> mac_;
  std::unique_ptr<CbcHmacKey> run_key_;  // for long runs; nullptr: OpenSSL does all
  IvSource ivs_;
  SealState state_;
  std::uint32_t time_ = 0;
};

class CbcOpener final : public Opener {
 public:
  CbcOpener(const DataFormat& format, const DirectionKeys& keys, CipherContext context,
            const ReplayWindow& window, LaneEngine* engine)
      : format_(format),
        context_(std::move(context)),
        mac_(make_mac(format, keys)),
        run_key_(make_run_key(format, keys, engine)),
        window_(window) {}

  void open(std::span<Opening> run, Instant now) override {
    while (!run.empty()) {
      const auto some = run.first(std::min(run.size(), CbcHmacKey::most_packets));
      if (run_key_ && some.size() >= CbcHmacKey::worthwhile_packets) {
        open_together(some, now);
      } else {
        for (Opening& opening : some) opening.verdict = open_one(opening, now);
      }
      run = run.subspan(some.size());
    }
  }

  OpenState state() const override { return {1, window_.state(), failed_, opened_, blocks_}; }
  void restore(const OpenState& state, Instant now) override {
    window_.restore(state.window, now);
    failed_ = state.failed;
    opened_ = state.opened;
    blocks_ = state.blocks;
  }
  std::uint64_t blocks() const override { return blocks_; }
  std::uint64_t newest_long_id() const override {
    return format_.long_id ? std::uint64_t{window_.time()} << 32 | window_.highest() : 0;
  }
  void prefetch() const override {
    window_.prefetch();
    if (run_key_) run_key_->prefetch();
  }

 private:
  // The cipher and the MAC for all; then the verdicts, in order.
  void open_together(std::span<Opening> run, Instant now) {
    std::array<CbcItem, CbcHmacKey::most_packets> items;
    std::array<bool, CbcHmacKey::most_packets> described;
    std::size_t count = 0;
    for (std::size_t i = 0; i < run.size(); ++i) {
      described[i] = describe(*run[i].packet, items[count]);
      if (described[i]) ++count;
    }
    run_key_->open(std::span(items).first(count));
    const CbcItem* item = items.data();
    for (std::size_t i = 0; i < run.size(); ++i) {
      run[i].verdict = described[i] ? accept(run[i], *item, now) : open_one(run[i], now);
      if (described[i]) ++item;
    }
  }

  // false: it is not made of whole blocks, or too large
  bool describe(Packet& packet, CbcItem& item) const {
    const std::size_t header = format_.header_bytes();
    const std::size_t front = header + mac_->bytes() + format_.cipher->iv_bytes;
    if (packet.size() <= front) return false;
    item.mac = packet.data() + header;
    item.iv = item.mac + mac_->bytes();
    item.text_bytes = packet.size() - front;
    return whole_blocks(item.text_bytes) && item.text_bytes <= CbcHmacKey::most_text;
  }

  bool whole_blocks(std::size_t text) const {
    return text > 0 && text % format_.cipher->block_bytes == 0;
  }

  Drop accept(Opening& opening, const CbcItem& item, Instant now) {
    if (!item.authentic) {
      ++failed_;
      return Drop::bad_tag;
    }
    Packet& packet = *opening.packet;
    packet.drop_front(packet.size() - item.text_bytes);
    return strip_padding(packet) ? take_id(opening, now) : Drop::malformed;
  }

  Drop open_one(Opening& opening, Instant now) {
    Packet& packet = *opening.packet;
    const std::size_t mac = mac_ ? mac_->bytes() : 0;
    if (packet.size() < format_.header_bytes() + mac) return Drop::malformed;
    packet.drop_front(format_.header_bytes());
    if (mac_) {
      const Bytes bytes = packet.bytes();
      if (!mac_->verify({bytes.subspan(mac)}, bytes.first(mac))) {
        ++failed_;
        return Drop::bad_tag;
      }
      packet.drop_front(mac);
    }
    if (context_ && !decrypt(packet)) return Drop::malformed;
    return take_id(opening, now);
  }

  bool decrypt(Packet& packet) {
    const std::size_t iv = format_.cipher->iv_bytes;
    if (packet.size() < iv || !whole_blocks(packet.size() - iv)) return false;
    std::uint8_t* text = packet.data() + iv;
    int written = 0;
    const bool ok =
        EVP_DecryptInit_ex2(context_.get(), nullptr, nullptr, packet.data(), nullptr) == 1 &&
        EVP_DecryptUpdate(context_.get(), text, &written, text,
                          static_cast<int>(packet.size() - iv)) == 1;
    if (!ok) return false;
    packet.drop_front(iv);
    return strip_padding(packet);
  }

  bool strip_padding(Packet& packet) {
    const std::size_t block = format_.cipher->block_bytes;
    blocks_ += packet.size() / block;
    const std::size_t padding = packet.data()[packet.size() - 1];
    if (padding == 0 || padding > block || padding > packet.size()) return false;
    packet.drop_back(padding);
    return true;
  }

  Drop take_id(Opening& opening, Instant now) {
    Packet& packet = *opening.packet;
    const std::size_t id_bytes = format_.long_id ? 8 : 4;
    if (packet.size() < id_bytes) return Drop::malformed;
    const std::uint32_t id = load_u32(packet.data());
    const std::uint32_t time = format_.long_id ? load_u32(packet.data() + 4) : 0;
    opening.id = id;
    opening.behind = window_.behind(id);
    if (const Drop verdict = window_.check(id, time, now); verdict != Drop::none) return verdict;
    window_.add(id, time, now);
    ++opened_;
    packet.drop_front(id_bytes);
    return Drop::none;
  }

  DataFormat format_;
  CipherContext context_;
  std::optional<Hmac> mac_;
  std::unique_ptr<CbcHmacKey> run_key_;  // for long runs; nullptr: OpenSSL does all
  ReplayWindow window_;
  std::uint64_t failed_ = 0;
  std::uint64_t opened_ = 0;
  std::uint64_t blocks_ = 0;
};

Result<CipherContext> context_for(const DataFormat& format, const DirectionKeys& keys,
                                  int encrypt) {
  if (format.cipher->mode == CipherMode::none) return CipherContext();
  return make_context(*format.cipher, keys.cipher.bytes().first(format.cipher->key_bytes), encrypt);
}

}  // namespace

Result<std::unique_ptr<Sealer>> make_cbc_sealer(const DataFormat& format, const DirectionKeys& keys,
                                                Rng& rng, const SealState& start,
                                                LaneEngine* engine) {
  auto context = context_for(format, keys, 1);
  if (!context) return fail_with(context.error());
  return std::make_unique<CbcSealer>(format, keys, std::move(*context), rng, start, engine);
}

Result<std::unique_ptr<Opener>> make_cbc_opener(const DataFormat& format, const DirectionKeys& keys,
                                                const ReplayWindow& window, LaneEngine* engine) {
  auto context = context_for(format, keys, 0);
  if (!context) return fail_with(context.error());
  return std::make_unique<CbcOpener>(format, keys, std::move(*context), window, engine);
}

}  // namespace adit::crypto
