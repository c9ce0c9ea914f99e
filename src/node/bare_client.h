#pragma once

#include <array>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/packet.h"
#include "crypto/data_channel.h"
#include "node/client.h"
#include "session/liveness.h"

namespace adit::node {

// One client without a device, for loads and self-tests: a whole session with its data keys. It
// keeps its tunnel alive with pings and answers what the server asks inside it. Pure: datagrams and
// the time go in, datagrams and the next deadline come out.
class BareClient {
 public:
  enum class Phase { handshaking, up, ended };

  // setup, credentials and rng must outlive the client.
  BareClient(const ClientSetup& setup, const session::Credentials& credentials, Rng& rng,
             Instant now, WallTime wall);

  // A datagram as it arrived; opened in place.
  void receive(MutableBytes datagram, Instant now);
  void tick(Instant now);
  // The next datagram to send, written somewhere into room; empty: there is none now. room needs
  // most_datagram_bytes.
  [[nodiscard]] Bytes transmit(MutableBytes room, Instant now);
  [[nodiscard]] Deadline deadline() const;

  // Tells the server that this client goes; send what transmit() then gives.
  void say_goodbye(Instant now);
  void end(std::string why);

  [[nodiscard]] Phase phase() const { return phase_; }
  // Why it ended: one line that is the same for all clients with the same fate.
  [[nodiscard]] const std::string& why() const { return why_; }

  // How far it has come: a packet of the server was authentic; how many were not; what the session
  // said when it failed; what the server pushed.
  [[nodiscard]] bool answered() const { return answered_; }
  [[nodiscard]] unsigned unreadable() const { return unreadable_; }
  [[nodiscard]] const std::optional<session::Failed>& failure() const { return failure_; }
  [[nodiscard]] const session::Session& session() const { return *session_; }
  [[nodiscard]] const options::Pulled& pulled() const { return pulled_; }

  // Packets inside the tunnel. What arrives is thrown away unless it was asked for.
  void keep_inside() { keeps_inside_ = true; }
  // An IP packet; false: there are no keys yet, or too many wait to be sent.
  [[nodiscard]] bool send_inside(Bytes packet);
  // What has arrived since the last call, at most some hundred packets.
  [[nodiscard]] std::vector<Buffer> take_inside() { return std::exchange(arrived_, {}); }

  static constexpr std::size_t most_datagram_bytes = 4096;

 private:
  struct DataKey {
    std::unique_ptr<crypto::Sealer> sealer;
    std::unique_ptr<crypto::Opener> opener;
  };

  void take_control(MutableBytes datagram);
  void take_data(std::uint8_t key_id, MutableBytes datagram);
  void take_payload(Packet& packet);
  void answer_first(Buffer answer);
  void keep(Bytes packet);
  void serve();
  void handle(session::Event& event);
  void on_pushed(const std::vector<std::string>& options);
  void on_message(const wire::ControlMessage& message);
  void on_failure(const session::Failed& failed);
  void install(const session::KeysReady& ready);
  void remember_token();
  [[nodiscard]] Bytes seal(Bytes payload, MutableBytes room);

  const ClientSetup& setup_;
  Rng& rng_;
  ClientMemory memory_;
  std::unique_ptr<session::Session> session_;
  options::Pulled pulled_;
  options::Compression compression_ = options::Compression::off;
  std::array<DataKey, wire::key_id_count> keys_;
  std::optional<std::uint8_t> send_key_;
  std::deque<Buffer> payloads_;  // to be sealed and sent
  std::ptrdiff_t answers_ = 0;   // of them: the first ones
  session::Liveness liveness_;
  Instant now_;
  Instant last_sent_, last_received_;
  Phase phase_ = Phase::handshaking;
  std::string why_;
  bool answered_ = false;
  bool keeps_inside_ = false;
  unsigned unreadable_ = 0;
  std::optional<session::Failed> failure_;
  std::vector<Buffer> arrived_;
};

}  // namespace adit::node
