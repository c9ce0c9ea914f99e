#include "tests/sim/toy_tls.h"

#include <algorithm>
#include <deque>

#include "crypto/digest.h"

namespace adit::sim {

namespace {

constexpr std::uint8_t record_hello = 1;
constexpr std::uint8_t record_data = 2;
constexpr std::size_t random_bytes = 32;
constexpr std::size_t mac_bytes = 16;

// Records: type, u16 length, body. hello: random, name, 0, serial. data: u32 sequence, text, mac.
class ToyTls final : public tls::TlsEngine {
 public:
  struct Certificate {
    std::string name;
    std::uint8_t serial;
  };

  ToyTls(bool server, Certificate own, Rng& rng, bool broken, bool garbage)
      : server_(server), own_(std::move(own)), broken_(broken), garbage_(garbage) {
    rng.fill(own_random_);
    if (!server_) send_hello();
  }

  void receive(Bytes from_peer) override {
    if (state_ == State::failed) return;
    inbound_.insert(inbound_.end(), from_peer.begin(), from_peer.end());
    while (state_ != State::failed && inbound_.size() >= 3) {
      const std::size_t length = load_u16(inbound_.data() + 1);
      if (inbound_.size() < 3 + length) return;
      const Buffer body(inbound_.begin() + 3, inbound_.begin() + 3 + static_cast<long>(length));
      const std::uint8_t type = inbound_[0];
      inbound_.erase(inbound_.begin(), inbound_.begin() + 3 + static_cast<long>(length));
      take_record(type, body);
    }
  }

  std::size_t transmit(MutableBytes room) override {
    const std::size_t count = std::min(room.size(), outbound_.size());
    std::copy_n(outbound_.begin(), count, room.begin());
    outbound_.erase(outbound_.begin(), outbound_.begin() + static_cast<long>(count));
    return count;
  }

  bool has_output() const override { return !outbound_.empty(); }
  State state() const override { return state_; }

  bool write(Bytes plaintext) override {
    if (state_ != State::established) return false;
    Buffer body(4);
    store_u32(body.data(), send_sequence_++);
    body.insert(body.end(), plaintext.begin(), plaintext.end());
    const auto mac = mac_of(body, server_);
    body.insert(body.end(), mac.begin(), mac.end());
    send_record(record_data, body);
    if (garbage_) send_record(0, {});
    return true;
  }

  std::optional<Buffer> read() override {
    if (plaintexts_.empty()) return std::nullopt;
    Buffer plaintext = std::move(plaintexts_.front());
    plaintexts_.pop_front();
    return plaintext;
  }

  bool export_key(std::string_view label, MutableBytes out) override {
    if (state_ != State::established) return false;
    for (std::size_t at = 0; at < out.size(); at += 32) {
      const auto counter = static_cast<std::uint8_t>(at / 32);
      std::array<std::uint8_t, 32> block;
      crypto::Hmac({"SHA256", 32}, secret()).compute({as_bytes(label), {&counter, 1}}, block);
      std::copy_n(block.begin(), std::min<std::size_t>(32, out.size() - at),
                  out.begin() + static_cast<long>(at));
    }
    return true;
  }

  const tls::PeerIdentity& peer() const override { return peer_; }
  const tls::TlsFailure& failure() const override { return failure_; }
  std::string description() const override { return "toy TLS"; }

 private:
  void send_record(std::uint8_t type, Bytes body) {
    outbound_.push_back(type);
    outbound_.push_back(static_cast<std::uint8_t>(body.size() >> 8));
    outbound_.push_back(static_cast<std::uint8_t>(body.size()));
    outbound_.insert(outbound_.end(), body.begin(), body.end());
  }

  void send_hello() {
    Buffer body(own_random_.begin(), own_random_.end());
    body.insert(body.end(), own_.name.begin(), own_.name.end());
    body.push_back(0);
    body.push_back(own_.serial);
    body.resize(body.size() + 1500);  // several packets, as certificates need
    send_record(record_hello, body);
  }

  void take_record(std::uint8_t type, Bytes body) {
    if (type == record_hello && state_ == State::handshaking && body.size() > random_bytes) {
      if (broken_) return fail("toy TLS: told to refuse");
      std::copy_n(body.begin(), random_bytes, peer_random_.begin());
      const Bytes padded = body.subspan(random_bytes);
      const std::string name(padded.begin(), std::find(padded.begin(), padded.end(), 0));
      peer_.common_name = name;
      const std::string serial =
          std::to_string(padded[std::min(name.size() + 1, padded.size() - 1)]);
      peer_.chain = {{0, "CN=" + name, name, serial, "01", "", name, {{"CN", name}}}};
      if (server_) send_hello();
      state_ = State::established;
    } else if (type == record_data && state_ == State::established && body.size() > 4 + mac_bytes) {
      const Bytes covered = body.first(body.size() - mac_bytes);
      const auto mac = mac_of(covered, !server_);
      if (!std::equal(mac.begin(), mac.end(), body.end() - mac_bytes) ||
          load_u32(body.data()) != receive_sequence_++) {
        return fail("toy TLS: bad record");
      }
      plaintexts_.push_back(to_buffer(covered.subspan(4)));
    } else {
      fail("toy TLS: unexpected record");
    }
  }

  void fail(const char* why) {
    state_ = State::failed;
    failure_.lines = {why};
  }

  Buffer secret() const {
    Buffer both(server_ ? peer_random_.begin() : own_random_.begin(),
                server_ ? peer_random_.end() : own_random_.end());
    both.insert(both.end(), server_ ? own_random_.begin() : peer_random_.begin(),
                server_ ? own_random_.end() : peer_random_.end());
    return both;
  }

  std::array<std::uint8_t, mac_bytes> mac_of(Bytes covered, bool by_server) const {
    const std::uint8_t side = by_server ? 1 : 0;
    std::array<std::uint8_t, 32> full;
    crypto::Hmac({"SHA256", 32}, secret()).compute({{&side, 1}, covered}, full);
    std::array<std::uint8_t, mac_bytes> mac;
    std::copy_n(full.begin(), mac_bytes, mac.begin());
    return mac;
  }

  bool server_;
  Certificate own_;
  bool broken_, garbage_;
  State state_ = State::handshaking;
  std::array<std::uint8_t, random_bytes> own_random_{};
  std::array<std::uint8_t, random_bytes> peer_random_{};
  Buffer inbound_;
  Buffer outbound_;
  std::uint32_t send_sequence_ = 0;
  std::uint32_t receive_sequence_ = 0;
  std::deque<Buffer> plaintexts_;
  tls::PeerIdentity peer_;
  tls::TlsFailure failure_;
};

}  // namespace

const tls::ChainEntry* ToyTlsFactory::revoked(const std::vector<tls::ChainEntry>& chain) {
  const auto found = std::ranges::find_if(chain, [&](const tls::ChainEntry& entry) {
    return revoked_.contains({entry.common_name, static_cast<unsigned>(std::stoul(entry.serial))});
  });
  return found == chain.end() ? nullptr : &*found;
}

std::unique_ptr<tls::TlsEngine> ToyTlsFactory::make() {
  return std::make_unique<ToyTls>(server_, ToyTls::Certificate{name_, serial_}, rng_, broken_,
                                  garbage_);
}

}  // namespace adit::sim
