#include "node/session_tokens.h"

#include "base/text.h"
#include "node/lines.h"
#include "node/wrapping.h"

namespace adit::node {

namespace {

void begin_session(SessionTokens::Held& held, WallTime now, Rng& rng) {
  if (held.first) return;
  held.first.emplace();
  rng.fill(held.first->session);
  held.first->initial = now;
}

std::string state_name(SessionTokens::State state, bool nameless) {
  using State = SessionTokens::State;
  switch (state) {
    case State::initial:
      return "Initial";
    case State::invalid:
      return "Invalid";
    case State::authenticated:
      return nameless ? "AuthenticatedEmptyUser" : "Authenticated";
    case State::expired:
      return nameless ? "ExpiredEmptyUser" : "Expired";
  }
  return {};
}

}  // namespace

Result<std::optional<SessionTokens::Setup>> SessionTokens::load(
    const options::Config& config, ports::StorePort& store, Rng& rng,
    std::optional<crypto::AuthTokenKey>& random_key) {
  const auto& wanted = config.server.auth_gen_token;
  if (!wanted) return std::nullopt;
  Setup setup;
  const options::FileOrInline& secret = config.server.auth_gen_token_secret;
  if (!secret.defined()) {
    if (!random_key) random_key = crypto::AuthTokenKey::generate(rng);
    setup.key = *random_key;
  } else {
    auto text = load_text(secret, "auth-gen-token-secret", store);
    if (!text) return fail_with(text.error());
    auto key = crypto::AuthTokenKey::parse(*text);
    explicit_bzero(text->data(), text->size());
    if (!key) {
      return fail_with({"auth-gen-token-secret: " + key.error().text(),
                        "make one with \"adit --genkey auth-token FILE\""});
    }
    setup.key = *key;
  }
  setup.lifetime = wanted->lifetime;
  setup.renewal = wanted->renewal.value_or(config.channel.reneg);
  setup.by_timer = setup.renewal < config.channel.reneg;
  setup.external_auth = wanted->external_auth;
  return setup;
}

SessionTokens::State SessionTokens::check(std::string_view password, std::string& username,
                                          Held& held, WallTime now, const Log& log) const {
  if (!crypto::looks_like_auth_token(password)) {
    held.nameless = false;
    return State::initial;
  }
  auto token = setup_.key.verify(password, username);
  const bool nameless = !token && !username.empty();
  if (nameless) token = setup_.key.verify(password, {});
  if (!token) {
    log.warn("--auth-gen-token: HMAC on token from client failed ({})", printable(username));
    return State::invalid;
  }
  if (held.first && held.first->session != token->session) {
    log.warn("--auth-gen-token: session id in token changed (Rejecting token.");
    return State::invalid;
  }
  if (nameless) username.clear();
  held.nameless = nameless;
  if (!held.first) held.first = token;
  if (is_timely(*token, now, log)) return State::authenticated;
  log.info(1, "--auth-gen-token: auth-token from client expired");
  return State::expired;
}

bool SessionTokens::is_timely(const crypto::AuthToken& token, WallTime now, const Log& log) const {
  bool timely = true;
  const std::int64_t issued = token.issued.seconds, initial = token.initial.seconds;
  if (now.seconds < issued || now.seconds >= issued + 2 * setup_.renewal.count()) {
    log.warn("Timestamp ({}) of auth-token is out of the renewal window", issued);
    timely = false;
  }
  if (issued < initial) {
    log.warn(
        "Initial timestamp ({}) in token from client earlier than current timestamp {}. "
        "Broken/unsynchronised clock?",
        initial, issued);
    timely = false;
  }
  const std::int64_t lifetime = setup_.lifetime.count();
  return timely && (lifetime == 0 || now.seconds <= initial + lifetime);
}

std::string SessionTokens::issue(Held& held, std::string_view username, WallTime now,
                                 Rng& rng) const {
  begin_session(held, now, rng);
  crypto::AuthToken token = *held.first;
  token.issued = now;
  return setup_.key.sign(token, held.nameless ? std::string_view() : username);
}

Environment SessionTokens::environment(State state, Held& held, WallTime now, Rng& rng) const {
  begin_session(held, now, rng);
  Environment env;
  env.set("session_state", state_name(state, held.nameless));
  env.set("session_id", to_base64(held.first->session));
  return env;
}

}  // namespace adit::node
