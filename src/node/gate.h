#pragma once

#include <variant>

#include "node/wrapping.h"
#include "ports/link_port.h"
#include "session/cookie.h"

namespace adit::node {

// "n per period": the first-packet limits of a server.
class RateLimit {
 public:
  RateLimit(unsigned most, Duration period) : most_(most), period_(period) {}
  [[nodiscard]] bool allow(Instant now);
  void give_back() {
    if (used_ > 0) --used_;
  }

 private:
  unsigned most_;
  Duration period_;
  unsigned used_ = 0;
  Instant since_ = Instant::min();
};

// The first thing a stranger meets. It keeps nothing about anybody: what it learns of an address is
// in the cookie it sends back. source: wire protocol 2.9, 4.
class Gate {
 public:
  Gate(const Wrapping& wrapping, Rng& rng, Duration hand_window, const RateLimit& resets);

  struct Reply {
    Buffer datagram;
  };
  // A session may begin; the same datagram is then its first.
  struct Welcome {
    session::Protection protection;
    session::Opening opening;
    std::optional<Buffer> metadata{};  // of a tls-crypt-v2 key: type byte and value
  };
  using Verdict = std::variant<Drop, Reply, Welcome>;

  // A datagram from an address without a peer. It is left as it was.
  [[nodiscard]] Verdict meet(Bytes datagram, const ports::LinkAddress& from, Instant now,
                             WallTime wall);
  // A hard reset on a TCP connection or from the address of a known peer: no cookie is needed.
  [[nodiscard]] Verdict meet_reset(Bytes datagram, WallTime wall);

  // For those who come from now on. Cookies that were given out stay good.
  void adopt(const Wrapping& wrapping, const RateLimit& resets);

  // The protection a restored session had.
  [[nodiscard]] session::Protection protection_with(
      const std::optional<crypto::StaticKey>& v2_key) const;

 private:
  struct Looked {
    crypto::ControlCipher::Opened opened;
    wire::ControlBody body;
    session::Protection protection;
    std::optional<Buffer> metadata;
  };
  [[nodiscard]] std::variant<Drop, Looked> look(Bytes datagram);
  [[nodiscard]] Verdict answer_reset(const Looked& looked, const ports::LinkAddress& from,
                                     Instant now);
  [[nodiscard]] Verdict check_cookie(const Looked& looked, const ports::LinkAddress& from,
                                     Instant now);

  Wrapping wrapping_;
  Rng& rng_;
  std::shared_ptr<crypto::ControlCipher> cipher_;
  session::Cookie cookie_;
  RateLimit resets_;
  WallTime stamp_time_;  // of the latest answer or session; never goes back
  Buffer scratch_;
};

}  // namespace adit::node
