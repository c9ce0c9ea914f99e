#include "tls/openssl_engine.h"

#include <algorithm>
#include <array>

#include <openssl/err.h>

#include "base/assert.h"
#include "base/stock_lines.h"
#include "tls/certificate.h"
#include "tls/memory_bio.h"
#include "tls/peer_check.h"
#include "tls/tracked_fields.h"

namespace adit::tls {

namespace {

// A record has 17 KB, and a window of the largest packets 768. Whoever reads behind what arrives
// leaves nothing of it.
constexpr std::size_t most_unread = std::size_t{1} << 20;

class OpensslEngine final : public TlsEngine {
 public:
  OpensslEngine(SSL_CTX* context, bool server, std::shared_ptr<const Verification> verification)
      : verification_(std::move(verification)), ssl_(SSL_new(context)) {
    ADIT_ASSERT(ssl_ != nullptr);
    SSL_set_app_data(ssl_.get(), this);
    BIO* bio = make_queue_bio(queues_).release();
    SSL_set_bio(ssl_.get(), bio, bio);
    if (server) {
      SSL_set_accept_state(ssl_.get());
    } else {
      SSL_set_connect_state(ssl_.get());
      shake_hands();
    }
  }

  void receive(Bytes from_peer) override {
    if (state_ == State::failed || peer_has_ended()) return;
    if (queues_.inbound_left() + from_peer.size() > most_unread) return give_up(0);
    queues_.inbound.insert(queues_.inbound.end(), from_peer.begin(), from_peer.end());
    if (state_ == State::handshaking) shake_hands();
  }

  std::size_t transmit(MutableBytes room) override {
    const std::size_t count = std::min(room.size(), queues_.outbound_left());
    std::copy_n(queues_.outbound.begin() + static_cast<std::ptrdiff_t>(queues_.outbound_at), count,
                room.begin());
    queues_.outbound_at += count;
    if (queues_.outbound_left() == 0) {
      Buffer().swap(queues_.outbound);
      queues_.outbound_at = 0;
    }
    return count;
  }

  bool has_output() const override { return queues_.outbound_left() > 0; }
  State state() const override { return state_; }

  bool write(Bytes plaintext) override {
    if (state_ != State::established) return false;
    ERR_clear_error();
    const int written = SSL_write(ssl_.get(), plaintext.data(), static_cast<int>(plaintext.size()));
    if (written == static_cast<int>(plaintext.size())) return true;
    give_up(written);
    return false;
  }

  std::optional<Buffer> read() override {
    if (state_ != State::established || peer_has_ended()) return std::nullopt;
    std::array<std::uint8_t, SSL3_RT_MAX_PLAIN_LENGTH> room;
    ERR_clear_error();
    const int count = SSL_read(ssl_.get(), room.data(), static_cast<int>(room.size()));
    if (count > 0) {
      Buffer plaintext(room.begin(), room.begin() + count);
      explicit_bzero(room.data(), static_cast<std::size_t>(count));
      return plaintext;
    }
    const int error = SSL_get_error(ssl_.get(), count);
    if (error == SSL_ERROR_ZERO_RETURN) {
      queues_.drop_inbound();  // OpenSSL would not take it any more
    } else if (error != SSL_ERROR_WANT_READ) {
      give_up(count);
    }
    return std::nullopt;
  }

  bool export_key(std::string_view label, MutableBytes out) override {
    return SSL_export_keying_material(ssl_.get(), out.data(), out.size(), label.data(),
                                      label.size(), nullptr, 0, 0) == 1;
  }

  const PeerIdentity& peer() const override { return peer_; }
  const TlsFailure& failure() const override { return failure_; }

  std::string description() const override {
    const SSL_CIPHER* cipher = SSL_get_current_cipher(ssl_.get());
    std::string text = SSL_get_version(ssl_.get());
    text += std::string(", cipher ") + SSL_CIPHER_get_version(cipher) + " " +
            SSL_CIPHER_get_name(cipher);
    if (X509* certificate = SSL_get0_peer_certificate(ssl_.get())) {
      text += ", peer certificate: " + key_text(certificate);
      const char* signature = OBJ_nid2sn(X509_get_signature_nid(certificate));
      if (signature != nullptr) text += std::string(", signature: ") + signature;
    }
    return text + temporary_key_text();
  }

  // Called by OpenSSL for every certificate of the chain, the root first, and once per error.
  int judge(int preverified, X509_STORE_CTX* store) {
    X509* certificate = X509_STORE_CTX_get_current_cert(store);
    const int depth = X509_STORE_CTX_get_error_depth(store);
    if (preverified != 1 && !verification_->fingerprint_only) {
      if (X509_STORE_CTX_get_error(store) == X509_V_ERR_UNABLE_TO_GET_CRL) {
        warn_of_chain(store, depth);  // as stock; its policy is asked later, when all is verified
        return 1;
      }
      refuse_chain(store, depth);
      return 0;
    }
    if (depth <= 1) {
      const PeerPolicy& policy = verification_->policy;
      const auto refusal = depth == 1 ? refuse_issuer(certificate, policy)
                                      : refuse_peer(certificate, policy, verification_->revoked);
      if (refusal) {
        refuse({refusal->line}, refusal->advice);
        X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REJECTED);  // told as a bad certificate
        return 0;
      }
    }
    ChainEntry entry = describe(certificate, depth);
    const PeerPolicy& policy = verification_->policy;
    if (!policy.tracked.empty()) entry.fields = tracked_fields(certificate, depth, policy.tracked);
    if (verification_->keep_pem) entry.pem = pem_of(certificate);
    remember(std::move(entry));
    if (depth == 0) {
      peer_.common_name =
          username_of(certificate, verification_->policy.username_fields).value_or("");
    }
    if (verification_->judge != nullptr && !verification_->judge->accepts(peer_)) {
      refuse({}, {});
      X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
      return 0;
    }
    X509_STORE_CTX_set_error(store, X509_V_OK);
    return 1;
  }

 private:
  void shake_hands() {
    ERR_clear_error();
    const int result = SSL_do_handshake(ssl_.get());
    if (result == 1) {
      state_ = State::established;
    } else if (SSL_get_error(ssl_.get(), result) != SSL_ERROR_WANT_READ) {
      give_up(result);
    }
  }

  // close_notify
  [[nodiscard]] bool peer_has_ended() const {
    return (SSL_get_shutdown(ssl_.get()) & SSL_RECEIVED_SHUTDOWN) != 0;
  }

  void give_up(int) {
    state_ = State::failed;
    queues_.drop_inbound();
    for (std::string& line : take_openssl_errors()) {
      if (failure_.advice.empty()) failure_.advice = advice_for(line);
      failure_.lines.push_back(std::move(line));
    }
    failure_.lines.emplace_back(stock_lines::tls_bio_error);
    failure_.lines.emplace_back(stock_lines::tls_read_error);
  }

  static std::string advice_for(const std::string& line) {
    const auto has = [&](std::string_view text) { return line.find(text) != std::string::npos; };
    if (has("unsupported protocol") || has("alert protocol version") || has("no protocols")) {
      return "client and server have no common TLS version enabled: compare tls-version-min and "
             "tls-version-max on both sides";
    }
    if (has("no shared cipher")) return "compare tls-cipher and tls-ciphersuites on both sides";
    if (has("alert certificate expired")) {
      return "the other side refused our certificate: it is out of date there";
    }
    if (has("alert certificate revoked")) {
      return "the other side refused our certificate: it is revoked; ask for a new one";
    }
    if (has("alert unknown ca")) {
      return "the other side does not know the CA that issued our certificate: both sides need the "
             "same \"ca\"";
    }
    if (has("alert bad certificate") || has("alert certificate unknown") ||
        has("alert unsupported certificate") || has("alert handshake failure")) {
      return "the other side refused our certificate: its log says why";
    }
    if (has("peer did not return a certificate")) {
      return "the client sent no certificate: give it one, or set verify-client-cert here";
    }
    return {};
  }

  void refuse_chain(X509_STORE_CTX* store, int depth) {
    X509* const certificate = X509_STORE_CTX_get_current_cert(store);
    const char* why = X509_verify_cert_error_string(X509_STORE_CTX_get_error(store));
    const ChainEntry entry = certificate != nullptr ? describe(certificate, depth) : ChainEntry{};
    refuse({stock_lines::verify_error(depth, why, entry.subject, entry.serial)},
           chain_advice(store));
  }

  void warn_of_chain(X509_STORE_CTX* store, int depth) {
    const char* why = X509_verify_cert_error_string(X509_STORE_CTX_get_error(store));
    const ChainEntry entry = describe(X509_STORE_CTX_get_current_cert(store), depth);
    peer_.warnings.push_back(stock_lines::verify_warning(depth, why, entry.subject));
  }

  void refuse(std::vector<std::string> lines, std::string advice) {
    failure_.cause = TlsFailure::Cause::certificate;
    failure_.lines = std::move(lines);
    failure_.advice = std::move(advice);
  }

  void remember(ChainEntry entry) {
    std::erase_if(peer_.chain, [&](const ChainEntry& old) { return old.depth == entry.depth; });
    peer_.chain.push_back(std::move(entry));
    std::ranges::sort(peer_.chain, std::greater<>{}, &ChainEntry::depth);
  }

  std::string temporary_key_text() const {
    EVP_PKEY* key = nullptr;
    if (SSL_get_peer_tmp_key(ssl_.get(), &key) != 1) return {};
    const PrivateKey owner(key);
    const char* type = EVP_PKEY_get0_type_name(key);
    return ", peer temporary key: " + std::to_string(EVP_PKEY_get_bits(key)) + " bits " +
           (type != nullptr ? type : "");
  }

  std::shared_ptr<const Verification> verification_;
  ByteQueues queues_;
  SslConnection ssl_;
  State state_ = State::handshaking;
  PeerIdentity peer_;
  TlsFailure failure_;
};

}  // namespace

std::unique_ptr<TlsEngine> make_openssl_engine(SSL_CTX* context, bool server,
                                               std::shared_ptr<const Verification> verification) {
  return std::make_unique<OpensslEngine>(context, server, std::move(verification));
}

int verify_peer(int preverified, X509_STORE_CTX* store) {
  auto* ssl =
      static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  return static_cast<OpensslEngine*>(SSL_get_app_data(ssl))->judge(preverified, store);
}

}  // namespace adit::tls
