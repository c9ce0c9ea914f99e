#pragma once

#include <memory>

#include "session/session.h"

namespace adit::session {

// One peer: the session in use and, while a new handshake of the same peer is under way, the
// newcomer beside it. The newcomer takes over only once it is authenticated, so that a stranger
// cannot evict a living session. source: wire protocol 3.4, 3.7.
class Association {
 public:
  explicit Association(std::unique_ptr<Session> first) : active_(std::move(first)) {}

  // Drop::unknown_peer: belongs to no session here; a hard reset may become a newcomer.
  Drop receive(MutableBytes datagram, Instant now);
  void tick(Instant now);
  [[nodiscard]] std::optional<std::size_t> transmit(MutableBytes room, Instant now);
  [[nodiscard]] Deadline deadline() const;

  // Replaces an earlier newcomer.
  void start_newcomer(std::unique_ptr<Session> newcomer) { newcomer_ = std::move(newcomer); }
  void drop_newcomer() { newcomer_.reset(); }
  // There is one, and it takes the place of the session in use, which a Happening may still point
  // at.
  void promote_newcomer();

  struct Happening {
    Event event;
    Session* session;       // whose event it is; valid until the next call
    bool newcomer = false;  // not the session in use
    bool replaced = false;  // Established: this session has just taken the other's place
  };
  [[nodiscard]] std::optional<Happening> happening();

  [[nodiscard]] Session& active() { return *active_; }
  [[nodiscard]] const Session& active() const { return *active_; }
  [[nodiscard]] Session* newcomer() { return newcomer_.get(); }

 private:
  std::unique_ptr<Session> active_;
  std::unique_ptr<Session> newcomer_;
  std::unique_ptr<Session> replaced_;  // kept until the next call: a Happening may point at it
};

}  // namespace adit::session
