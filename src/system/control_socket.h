#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "ip/address.h"
#include "system/loop.h"

namespace adit::system {

// A socket that another program manages this process through: one client at a time, the next one
// waits in the kernel's queue. Owned by the control thread.
class ControlSocket {
 public:
  struct Place {
    std::string path{};  // of a unix socket; empty: TCP
    ip::Endpoint tcp{};
    // Who may connect to a unix socket; nothing: anybody who may open it.
    std::optional<uid_t> user{};
    std::optional<gid_t> group{};
  };
  struct Callbacks {
    std::function<void(const ip::Endpoint& from)> connected;  // from: of a TCP connection
    std::function<void(std::string_view bytes)> received;
    std::function<void()> gone;
    std::function<void(const std::string& why)> refused;  // of a client that may not connect
  };

  [[nodiscard]] static Result<std::unique_ptr<ControlSocket>> listen(Loop& loop, Place place,
                                                                     Callbacks callbacks);
  // The other way round: the client listens.
  [[nodiscard]] static Result<std::unique_ptr<ControlSocket>> connect(Loop& loop, Place place,
                                                                      Callbacks callbacks);
  ~ControlSocket();
  ControlSocket(const ControlSocket&) = delete;
  ControlSocket& operator=(const ControlSocket&) = delete;

  // Where it listens, with TCP: the kernel may have chosen the port.
  [[nodiscard]] const ip::Endpoint& local() const { return local_; }

  // What the client does not take at once waits; whoever writes bounds it.
  void write(std::string_view bytes);
  [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }
  // Once everything is written, or now; gone() is called then.
  void close_client(bool now = false);
  // Serves the client, or meets the next one, and nothing else of the loop; see Loop::run_only().
  void serve(Instant deadline);
  // Writes what waits for as long as patience allows: the process is about to end.
  void finish(Duration patience);

 private:
  ControlSocket(Loop& loop, Place place, Callbacks callbacks)
      : loop_(loop), place_(std::move(place)), callbacks_(std::move(callbacks)) {}

  [[nodiscard]] Status open();
  [[nodiscard]] Status await_client();
  void accept();
  void take(Fd fd);
  [[nodiscard]] bool may_connect(int fd) const;
  void go_on(unsigned ready);
  void read();
  void flush();
  void drop();

  Loop& loop_;
  Place place_;
  Callbacks callbacks_;
  Fd listener_, client_;
  ip::Endpoint local_;
  std::string waiting_;
  bool closing_ = false;
};

}  // namespace adit::system
