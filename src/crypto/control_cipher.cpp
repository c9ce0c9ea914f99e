#include "crypto/control_cipher.h"

#include <algorithm>
#include <array>

#include "base/assert.h"
#include "crypto/handles.h"

namespace adit::crypto {

namespace {

using wire::control_head_bytes;
constexpr std::size_t stamp_bytes = 8;

ControlCipher::Opened opened(const wire::ControlHead& head, std::optional<Stamp> stamp,
                             Bytes body) {
  return {head.head, head.session, stamp, body};
}

Stamp read_stamp(const std::uint8_t* at) { return {load_u32(at), load_u32(at + 4)}; }

void write_head(Writer& writer, wire::Head head, const wire::SessionId& session) {
  writer.u8(wire::head_byte(head.opcode, head.key_id));
  writer.put(session.bytes());
}

class PlainControl final : public ControlCipher {
 public:
  std::size_t overhead() const override { return 0; }
  bool has_stamp() const override { return false; }

  std::optional<std::size_t> seal(wire::Head head, const wire::SessionId& session, const Stamp&,
                                  Bytes body, MutableBytes room) override {
    Writer writer(room);
    write_head(writer, head, session);
    writer.put(body);
    if (!writer.ok()) return std::nullopt;
    return writer.size();
  }

  std::variant<Drop, Opened> open(MutableBytes datagram) override {
    const auto head = wire::decode_control_head(datagram);
    if (!head) return Drop::malformed;
    return opened(*head, std::nullopt, datagram.subspan(control_head_bytes));
  }
};

// first byte, session id | HMAC | stamp | body; the HMAC covers stamp, first byte, session id, body
class TlsAuth final : public ControlCipher {
 public:
  TlsAuth(const Digest& digest, const StaticKey& key, int send_slot, int receive_slot)
      : send_(digest, key.hmac_area(send_slot).first(digest.bytes)),
        receive_(digest, key.hmac_area(receive_slot).first(digest.bytes)) {}

  std::size_t overhead() const override { return send_.bytes() + stamp_bytes; }
  bool has_stamp() const override { return true; }

  std::optional<std::size_t> seal(wire::Head head, const wire::SessionId& session,
                                  const Stamp& stamp, Bytes body, MutableBytes room) override {
    Writer writer(room);
    write_head(writer, head, session);
    const MutableBytes mac = writer.claim(send_.bytes());
    writer.u32(stamp.id);
    writer.u32(stamp.time);
    writer.put(body);
    if (!writer.ok()) return std::nullopt;
    const Parts parts = cut(writer.written());
    send_.compute({parts.stamp, parts.head, parts.body}, mac);
    return writer.size();
  }

  std::variant<Drop, Opened> open(MutableBytes datagram) override {
    const auto head = wire::decode_control_head(datagram);
    if (!head || datagram.size() < control_head_bytes + overhead()) return Drop::malformed;
    const Parts parts = cut(datagram);
    if (!receive_.verify({parts.stamp, parts.head, parts.body}, parts.mac)) return Drop::bad_tag;
    return opened(*head, read_stamp(parts.stamp.data()), parts.body);
  }

 private:
  struct Parts {
    Bytes head, mac, stamp, body;
  };
  Parts cut(Bytes packet) const {
    const std::size_t mac = send_.bytes();
    return {packet.first(control_head_bytes), packet.subspan(control_head_bytes, mac),
            packet.subspan(control_head_bytes + mac, stamp_bytes),
            packet.subspan(control_head_bytes + mac + stamp_bytes)};
  }

  Hmac send_;
  Hmac receive_;
};

// AES-256-CTR whose initial counter block is the synthetic IV.
void ctr_crypt(EVP_CIPHER_CTX* context, Bytes key, Bytes iv, Bytes in, std::uint8_t* out) {
  int written = 0;
  const bool ok =
      EVP_EncryptInit_ex2(context, EVP_aes_256_ctr(), key.data(), iv.data(), nullptr) == 1 &&
      EVP_EncryptUpdate(context, out, &written, in.data(), static_cast<int>(in.size())) == 1;
  ADIT_ASSERT(ok);
}

// first byte, session id, stamp | tag | ciphertext of the body
class TlsCrypt final : public ControlCipher {
 public:
  TlsCrypt(const StaticKey& key, int send_slot, int receive_slot)
      : send_key_(key.cipher_area(send_slot)),
        receive_key_(key.cipher_area(receive_slot)),
        send_mac_({"SHA256", tag_bytes}, key.hmac_area(send_slot).first(32)),
        receive_mac_({"SHA256", tag_bytes}, key.hmac_area(receive_slot).first(32)) {}

  std::size_t overhead() const override { return stamp_bytes + tag_bytes; }
  bool has_stamp() const override { return true; }

  std::optional<std::size_t> seal(wire::Head head, const wire::SessionId& session,
                                  const Stamp& stamp, Bytes body, MutableBytes room) override {
    Writer writer(room);
    write_head(writer, head, session);
    writer.u32(stamp.id);
    writer.u32(stamp.time);
    const Bytes clear = writer.written();
    const MutableBytes tag = writer.claim(tag_bytes);
    const MutableBytes out = writer.claim(body.size());
    if (!writer.ok()) return std::nullopt;
    send_mac_.compute({clear, body}, tag);
    ctr_crypt(context_.get(), send_key_.bytes(), tag.first(16), body, out.data());
    return writer.size();
  }

  std::variant<Drop, Opened> open(MutableBytes datagram) override {
    const auto head = wire::decode_control_head(datagram);
    if (!head || datagram.size() < control_head_bytes + overhead()) return Drop::malformed;
    const Bytes clear = datagram.first(control_head_bytes + stamp_bytes);
    const Bytes tag = datagram.subspan(clear.size(), tag_bytes);
    const MutableBytes body = datagram.subspan(clear.size() + tag_bytes);
    ctr_crypt(context_.get(), receive_key_.bytes(), tag.first(16), body, body.data());
    if (!receive_mac_.verify({clear, body}, tag)) return Drop::bad_tag;
    return opened(*head, read_stamp(clear.data() + control_head_bytes), body);
  }

 private:
  static constexpr std::size_t tag_bytes = 32;

  Secret<32> send_key_;
  Secret<32> receive_key_;
  Hmac send_mac_;
  Hmac receive_mac_;
  CipherContext context_{EVP_CIPHER_CTX_new()};
};

}  // namespace

std::unique_ptr<ControlCipher> make_plain_control() { return std::make_unique<PlainControl>(); }

std::unique_ptr<ControlCipher> make_tls_auth(const Digest& digest, const StaticKey& key,
                                             std::optional<int> direction) {
  const int send_slot = direction.value_or(0);
  const int receive_slot = direction ? 1 - *direction : 0;
  return std::make_unique<TlsAuth>(digest, key, send_slot, receive_slot);
}

std::unique_ptr<ControlCipher> make_tls_crypt(const StaticKey& key, bool server) {
  return std::make_unique<TlsCrypt>(key, server ? 0 : 1, server ? 1 : 0);
}

}  // namespace adit::crypto
