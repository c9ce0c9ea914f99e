#pragma once

#include <functional>
#include <optional>

#include "base/result.h"
#include "ip/address.h"
#include "system/fd.h"
#include "wire/tcp_framing.h"

namespace adit::system {

// The socket of one client of a load or a self-test, connected to the server. Non-blocking. An
// error is why the connection is lost, in the kernel's words.
class ClientSocket {
 public:
  [[nodiscard]] static Result<ClientSocket> open(const ip::Endpoint& server, bool tcp);

  [[nodiscard]] int fd() const { return socket_.get(); }
  // Whether datagrams may be sent; a TCP connection takes a while to stand.
  [[nodiscard]] bool connected() const { return connected_; }
  // Whether the loop should tell when the socket can be written.
  [[nodiscard]] bool wants_to_write() const { return !connected_ || !waiting_.empty(); }

  // UDP: nothing is cut into IP fragments, and the kernel's idea of the path is not asked. What is
  // too large for the way is lost.
  void never_fragment();

  // The socket can be written: goes on with what had to wait.
  [[nodiscard]] Status go_on();
  // What UDP has no room for is lost, as on the way.
  [[nodiscard]] Status send(Bytes datagram);
  // Hands out everything that has come.
  using Take = std::function<void(MutableBytes datagram)>;
  [[nodiscard]] Status receive(const Take& take);

 private:
  ClientSocket(Fd socket, bool tcp);
  [[nodiscard]] Status receive_datagrams(const Take& take);
  [[nodiscard]] Status receive_stream(const Take& take);
  [[nodiscard]] Status write_waiting();

  Fd socket_;
  bool connected_ = false;
  std::optional<wire::TcpDeframer> deframer_;  // TCP
  Buffer waiting_;                             // TCP: framed, not yet written
};

}  // namespace adit::system
