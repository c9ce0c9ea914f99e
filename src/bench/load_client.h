#pragma once

#include <array>
#include <deque>
#include <optional>
#include <string>

#include "base/packet.h"
#include "crypto/data_channel.h"
#include "node/client.h"
#include "session/liveness.h"
#include "wire/compression.h"

namespace adit::bench {

// One client of a load: a whole session with its data keys, and no device. It keeps its tunnel
// alive with pings and answers what the server asks inside it. Pure: datagrams and the time go in,
// datagrams and the next deadline come out.
class LoadClient {
 public:
  enum class Phase { handshaking, up, ended };

  // setup, credentials and rng must outlive the client.
  LoadClient(const node::ClientSetup& setup, const session::Credentials& credentials, Rng& rng,
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

  static constexpr std::size_t most_datagram_bytes = 4096;

 private:
  struct DataKey {
    std::unique_ptr<crypto::Sealer> sealer;
    std::unique_ptr<crypto::Opener> opener;
  };

  void take_control(MutableBytes datagram);
  void take_data(std::uint8_t key_id, MutableBytes datagram);
  void take_payload(Packet& packet);
  void serve();
  void handle(session::Event& event);
  void on_pushed(const std::vector<std::string>& options);
  void on_message(const wire::ControlMessage& message);
  void on_failure(const session::Failed& failed);
  void install(const session::KeysReady& ready);
  void remember_token();
  [[nodiscard]] Bytes seal(Bytes payload, MutableBytes room);

  const node::ClientSetup& setup_;
  Rng& rng_;
  node::ClientMemory memory_;
  std::unique_ptr<session::Session> session_;
  options::Pulled pulled_;
  wire::CompressionFraming framing_ = wire::CompressionFraming::none;
  std::array<DataKey, wire::key_id_count> keys_;
  std::optional<std::uint8_t> send_key_;
  std::deque<Buffer> payloads_;  // to be sealed and sent
  session::Liveness liveness_;
  Instant now_;
  Instant last_sent_, last_received_;
  Phase phase_ = Phase::handshaking;
  std::string why_;
};

}  // namespace adit::bench
