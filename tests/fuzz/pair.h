#pragma once

// Two ends of a tunnel with nothing but their sessions, a wire that does what it is told, and a
// watch that knows what must never happen.

#include <map>
#include <set>

#include "node/gate.h"
#include "session/association.h"
#include "tests/fuzz/fixtures.h"
#include "tests/sim/seeded_rng.h"
#include "tests/sim/toy_tls.h"
#include "tests/sim/wrap.h"

namespace adit::fuzz {

// What the input settles before anything happens.
struct PairTerms {
  sim::Wrap wrap = sim::Wrap::plain;
  session::Negotiated agreed;
  bool decides_late = false;  // the server thinks about who may enter
};

// One end: its sessions and what it believes about their keys.
class End {
 public:
  End(const PairTerms& terms, bool server, sim::SeededRng& rng);
  virtual ~End() = default;

  virtual void receive(Buffer datagram, Instant now) = 0;
  // Does what is due and answers events; datagrams are left in out.
  void turn(Instant now, std::vector<Buffer>& out);
  [[nodiscard]] Instant deadline() const;

  void renegotiate(Instant now);
  void wear_out(Instant now);
  void say(const std::string& text, Instant now);
  virtual void crash() { forget(); }  // loses everything

  [[nodiscard]] bool has_session() const { return association_ != nullptr; }
  [[nodiscard]] const session::Session& session() const { return association_->active(); }
  // Established, and this key is the one to send with.
  [[nodiscard]] std::optional<std::uint8_t> send_key() const;
  [[nodiscard]] const std::map<std::uint8_t, Buffer>& keys() const { return keys_; }
  [[nodiscard]] const std::set<std::string>& heard() const { return heard_; }

  std::set<std::string> said;
  const End* other = nullptr;

 protected:
  virtual void start(Instant now) = 0;  // called each turn without a session
  virtual void take(session::Association::Happening& happening, Instant now) = 0;
  void forget();
  void leave_soon(Instant now);  // once the peer had time to hear why
  void answer_key_events(const session::Association::Happening& happening);
  void collect(std::vector<Buffer>& out, Instant now);

  const PairTerms& terms_;
  sim::SeededRng& rng_;
  sim::ToyTlsFactory tls_;
  session::Setup setup_;
  node::Wrapping wrapping_;
  std::unique_ptr<session::Association> association_;
  std::map<std::pair<wire::SessionId, bool>, std::uint32_t> stamps_;  // last one sent

 private:
  void check_datagram(Bytes datagram);
  void check_key(const session::Session& session, const session::KeysReady& ready);

  Instant leave_at_ = Instant::max();
  std::map<std::uint8_t, Buffer> keys_;  // of the session in use
  std::optional<std::uint8_t> send_key_;
  std::set<Buffer> materials_;  // ever made here
  std::set<std::string> heard_;
};

class ClientEnd final : public End {
 public:
  ClientEnd(const PairTerms& terms, sim::SeededRng& rng) : End(terms, false, rng) {}
  void receive(Buffer datagram, Instant now) override;

 private:
  void start(Instant now) override;
  void take(session::Association::Happening& happening, Instant now) override;
  Instant start_at_ = start_of_time;
};

class ServerEnd final : public End {
 public:
  ServerEnd(const PairTerms& terms, sim::SeededRng& rng);
  void receive(Buffer datagram, Instant now) override;
  void crash() override;
  void hand_over(Instant now);
  // Answers what it has been thinking about.
  void decide(bool admitted, Instant now);

 private:
  struct Question {
    wire::SessionId session;
    std::uint8_t key_id;
  };
  void start(Instant) override {}
  void take(session::Association::Happening& happening, Instant now) override;
  static void push(session::Session& session, Instant now);
  void begin(node::Gate::Welcome welcome, MutableBytes datagram, Instant now);

  std::unique_ptr<node::Gate> gate_;
  std::optional<Buffer> reply_;
  std::vector<Question> questions_;
  session::Protection protection_;

 public:
  // A stateless answer, if the last datagram asked for one.
  [[nodiscard]] std::optional<Buffer> reply() { return std::exchange(reply_, std::nullopt); }
};

}  // namespace adit::fuzz
