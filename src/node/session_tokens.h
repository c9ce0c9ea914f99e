#pragma once

#include <optional>
#include <string>

#include "base/log.h"
#include "base/time.h"
#include "crypto/auth_token.h"
#include "node/environment.h"
#include "options/config.h"
#include "ports/store_port.h"

namespace adit::node {

// Tokens that a server gives its clients in place of their passwords ("auth-gen-token"). Pure: the
// time comes with each question. source: wire protocol 16.2
class SessionTokens {
 public:
  // What one client has, from its first login to its end.
  struct Held {
    std::optional<crypto::AuthToken> first{};  // its session and its time are those of all later
    bool nameless = false;                     // signed for no user name at all
  };
  enum class State { initial, authenticated, expired, invalid };  // initial: it is no token

  struct Setup {
    crypto::AuthTokenKey key;
    std::chrono::seconds lifetime{0};  // 0: for ever
    std::chrono::seconds renewal{0};
    bool by_timer = false;       // it is renewed more often than keys are
    bool external_auth = false;  // whoever decides about passwords decides about tokens as well
  };
  // Nothing: the configuration wants no tokens. random_key: what stands in for a secret that is not
  // configured; made when it is first needed.
  [[nodiscard]] static Result<std::optional<Setup>> load(
      const options::Config& config, ports::StorePort& store, Rng& rng,
      std::optional<crypto::AuthTokenKey>& random_key);

  // setup must outlive it.
  explicit SessionTokens(const Setup& setup) : setup_(setup) {}

  // Looks at what a client sends as its password. A token that was signed for nobody takes the
  // user name away. Says in the log what is wrong with it.
  [[nodiscard]] State check(std::string_view password, std::string& username, Held& held,
                            WallTime now, const Log& log) const;
  // The client's next token. Without a first one a session begins.
  [[nodiscard]] std::string issue(Held& held, std::string_view username, WallTime now,
                                  Rng& rng) const;
  // "session_id" and "session_state" for whoever decides. Begins a session where none is.
  [[nodiscard]] Environment environment(State state, Held& held, WallTime now, Rng& rng) const;

  [[nodiscard]] const Setup& setup() const { return setup_; }

 private:
  [[nodiscard]] bool is_timely(const crypto::AuthToken& token, WallTime now, const Log& log) const;

  const Setup& setup_;
};

}  // namespace adit::node
