// header | HMAC | IV | CBC(packet id | payload | padding)         the HMAC covers IV and ciphertext
// header | HMAC | packet id | payload                             cipher none
//
// The header is not authenticated here: it serves for look-up only.

#include <algorithm>
#include <array>
#include <cstring>

#include "base/assert.h"
#include "crypto/data_formats.h"
#include "crypto/handles.h"

namespace adit::crypto {

namespace {

constexpr std::uint64_t last_packet_id = 0xFFFFFFFF;

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

class CbcSealer final : public Sealer {
 public:
  CbcSealer(const DataFormat& format, const DirectionKeys& keys, CipherContext context, Rng& rng,
            const SealState& start)
      : format_(format),
        context_(std::move(context)),
        mac_(make_mac(format, keys)),
        ivs_(rng),
        state_(start) {}

  std::size_t seal(std::span<Packet* const> run, std::uint32_t now_unix) override {
    if (format_.long_id && time_ == 0) time_ = now_unix;
    std::size_t sealed = 0;
    for (Packet* packet : run) {
      if (state_.next_packet_id > last_packet_id && !begin_series(now_unix)) break;
      seal_one(*packet);
      ++sealed;
    }
    state_.sealed += sealed;
    return sealed;
  }

  SealState state() const override { return state_; }

 private:
  // The long form counts from 1 again, under a later time.
  bool begin_series(std::uint32_t now_unix) {
    if (!format_.long_id) return false;
    time_ = std::max(now_unix, time_ + 1);
    state_.next_packet_id = 1;
    return true;
  }

  void seal_one(Packet& packet) {
    if (format_.long_id) store_u32(packet.prepend(4), time_);
    store_u32(packet.prepend(4), static_cast<std::uint32_t>(state_.next_packet_id++));
    if (context_) encrypt(packet);
    if (mac_) {
      const Bytes covered = packet.bytes();
      mac_->compute({covered}, {packet.prepend(mac_->bytes()), mac_->bytes()});
    }
    write_data_header(format_, packet.prepend(format_.header_bytes()));
  }

  void encrypt(Packet& packet) {
    const std::size_t block = format_.cipher->block_bytes;
    const std::size_t padding = block - packet.size() % block;
    std::memset(packet.append(padding), static_cast<int>(padding), padding);
    state_.blocks += packet.size() / block;
    const Bytes iv = ivs_.take(format_.cipher->iv_bytes);
    int written = 0;
    const bool ok =
        EVP_EncryptInit_ex2(context_.get(), nullptr, nullptr, iv.data(), nullptr) == 1 &&
        EVP_EncryptUpdate(context_.get(), packet.data(), &written, packet.data(),
                          static_cast<int>(packet.size())) == 1;
    ADIT_ASSERT(ok && static_cast<std::size_t>(written) == packet.size());
    std::memcpy(packet.prepend(iv.size()), iv.data(), iv.size());
  }

  DataFormat format_;
  CipherContext context_;
  std::optional<Hmac> mac_;
  IvSource ivs_;
  SealState state_;
  std::uint32_t time_ = 0;
};

class CbcOpener final : public Opener {
 public:
  CbcOpener(const DataFormat& format, const DirectionKeys& keys, CipherContext context,
            const ReplayWindow& window)
      : format_(format),
        context_(std::move(context)),
        mac_(make_mac(format, keys)),
        window_(window) {}

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
    const std::size_t block = format_.cipher->block_bytes;
    if (packet.size() < iv + block || (packet.size() - iv) % block != 0) return false;
    std::uint8_t* text = packet.data() + iv;
    int written = 0;
    const bool ok =
        EVP_DecryptInit_ex2(context_.get(), nullptr, nullptr, packet.data(), nullptr) == 1 &&
        EVP_DecryptUpdate(context_.get(), text, &written, text,
                          static_cast<int>(packet.size() - iv)) == 1;
    if (!ok) return false;
    packet.drop_front(iv);
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
                                                Rng& rng, const SealState& start) {
  auto context = context_for(format, keys, 1);
  if (!context) return fail_with(context.error());
  return std::make_unique<CbcSealer>(format, keys, std::move(*context), rng, start);
}

Result<std::unique_ptr<Opener>> make_cbc_opener(const DataFormat& format, const DirectionKeys& keys,
                                                const ReplayWindow& window) {
  auto context = context_for(format, keys, 0);
  if (!context) return fail_with(context.error());
  return std::make_unique<CbcOpener>(format, keys, std::move(*context), window);
}

}  // namespace adit::crypto
