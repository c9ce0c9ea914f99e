#pragma once

#include <deque>
#include <memory>
#include <string>

#include "doctor/inside.h"
#include "node/bare_client.h"
#include "system/client_socket.h"

namespace adit::doctor {

// A client's session of our own, with its socket and without a device. Blocks while it waits.
class ProbeSession final : public Inside {
 public:
  // setup, credentials and rng must outlive it.
  [[nodiscard]] static Result<std::unique_ptr<ProbeSession>> open(
      const node::ClientSetup& setup, const session::Credentials& credentials,
      const ip::Endpoint& server, Rng& rng);
  ~ProbeSession() override { leave(); }
  ProbeSession(const ProbeSession&) = delete;
  ProbeSession& operator=(const ProbeSession&) = delete;

  // Until the tunnel is up, the client has ended, or nothing has been heard for this long.
  void connect(Duration patience);
  // Says goodbye, so that the server forgets it at once.
  void leave();

  // Lives on until it has been up for this long: the server finds out the path's MTU meanwhile.
  void settle(Duration since_up);
  // Does what is due, without waiting: for whoever waits for something else.
  void serve() { turn(now()); }

  [[nodiscard]] bool send(Bytes packet) override;
  [[nodiscard]] std::optional<Buffer> receive(Instant until) override;
  [[nodiscard]] Instant now() override;

  [[nodiscard]] bool up() const { return client_.phase() == node::BareClient::Phase::up; }
  [[nodiscard]] const node::BareClient& client() const { return client_; }
  [[nodiscard]] const ip::Endpoint& server() const { return server_; }
  // TCP: the connection stood. UDP: always.
  [[nodiscard]] bool connected() const { return socket_.connected(); }
  // What the network last said, in the kernel's words: "Connection refused"; empty: nothing.
  [[nodiscard]] const std::string& network_error() const { return network_error_; }
  // From the beginning; 0: it did not happen.
  [[nodiscard]] Duration answered_after() const { return answered_after_; }
  [[nodiscard]] Duration up_after() const { return up_after_; }

 private:
  ProbeSession(const node::ClientSetup& setup, const session::Credentials& credentials,
               const ip::Endpoint& server, Rng& rng, system::ClientSocket socket);

  void turn(Instant until);
  void take_from_socket(unsigned ready);
  void send_all();
  void note_error(const Status& status);
  void note_progress();

  ip::Endpoint server_;
  bool tcp_;
  Instant began_;
  node::BareClient client_;
  system::ClientSocket socket_;
  std::deque<Buffer> arrived_;
  std::string network_error_;
  Instant heard_;
  Duration answered_after_{}, up_after_{};
};

// Another way of packets, beside which a session is kept alive.
class BesideSession final : public Inside {
 public:
  BesideSession(Inside& other, ProbeSession& session) : other_(other), session_(session) {}
  [[nodiscard]] bool send(Bytes packet) override { return other_.send(packet); }
  [[nodiscard]] std::optional<Buffer> receive(Instant until) override;
  [[nodiscard]] Instant now() override { return other_.now(); }

 private:
  Inside& other_;
  ProbeSession& session_;
};

}  // namespace adit::doctor
