#include "node/session_tokens.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "node/identity_setup.h"
#include "options/parser.h"
#include "tests/sim/fakes.h"
#include "tests/sim/seeded_rng.h"

namespace adit::node {
namespace {

using State = SessionTokens::State;
constexpr WallTime login{1'800'000'000};

WallTime later(std::int64_t seconds) { return {login.seconds + seconds}; }

struct SessionToken : testing::Test {
  SessionToken() {
    setup.key = crypto::AuthTokenKey::generate(rng);
    setup.renewal = std::chrono::seconds(100);
  }

  std::string token_of(const std::string& name, WallTime at = login) {
    return tokens.issue(held, name, at, rng);
  }
  State check(const std::string& password, std::string name, WallTime at = login) {
    const State state = tokens.check(password, name, held, at, Log(log));
    seen_name = name;
    return state;
  }
  std::string variable(State state, std::string_view name) {
    const Environment env = tokens.environment(state, held, login, rng);
    for (const auto& [key, value] : env.variables()) {
      if (key == name) return value;
    }
    return "(none)";
  }
  [[nodiscard]] bool said(std::string_view words) const {
    return std::ranges::any_of(
        log.lines, [&](const std::string& line) { return line.find(words) != std::string::npos; });
  }

  sim::SeededRng rng{7};
  sim::MemoryLog log{"server"};
  SessionTokens::Setup setup;
  SessionTokens tokens{setup};
  SessionTokens::Held held;
  std::string seen_name;
};

TEST_F(SessionToken, is_told_from_a_password_by_its_shape) {
  EXPECT_EQ(check("secret", "ann"), State::initial);
  EXPECT_EQ(check("SESS_ID_AT_abc", "ann"), State::initial);
  EXPECT_EQ(check(token_of("ann") + "x", "ann"), State::initial);
}

TEST_F(SessionToken, lets_its_user_in_and_nobody_else) {
  const std::string token = token_of("ann");
  EXPECT_EQ(check(token, "ann"), State::authenticated);
  EXPECT_EQ(check(token, "bob"), State::invalid);
  EXPECT_TRUE(said("--auth-gen-token: HMAC on token from client failed (bob)"));
}

TEST_F(SessionToken, keeps_session_and_first_login_when_it_is_renewed) {
  const auto first = setup.key.verify(token_of("ann"), "ann");
  const auto second = setup.key.verify(token_of("ann", later(50)), "ann");
  EXPECT_EQ(first->session, second->session);
  EXPECT_EQ(second->initial.seconds, login.seconds);
  EXPECT_EQ(second->issued.seconds, login.seconds + 50);
}

TEST_F(SessionToken, expires_twice_the_renewal_time_after_it_was_made) {
  const std::string token = token_of("ann");
  EXPECT_EQ(check(token, "ann", later(199)), State::authenticated);
  EXPECT_EQ(check(token, "ann", later(200)), State::expired);
  EXPECT_EQ(check(token, "ann", later(-1)), State::expired);
  EXPECT_TRUE(said("is out of the renewal window"));
}

TEST_F(SessionToken, expires_with_the_life_of_its_session) {
  setup.lifetime = std::chrono::seconds(120);
  static_cast<void>(token_of("ann"));
  const std::string renewed = token_of("ann", later(90));
  EXPECT_EQ(check(renewed, "ann", later(120)), State::authenticated);
  EXPECT_EQ(check(renewed, "ann", later(121)), State::expired);
  EXPECT_TRUE(said("auth-token from client expired"));
}

TEST_F(SessionToken, of_another_session_is_refused) {
  SessionTokens::Held elsewhere;
  const std::string foreign = tokens.issue(elsewhere, "ann", login, rng);
  static_cast<void>(token_of("ann"));
  EXPECT_EQ(check(foreign, "ann"), State::invalid);
  EXPECT_TRUE(said("session id in token changed"));
}

TEST_F(SessionToken, carries_its_session_to_a_new_connection) {
  const std::string token = token_of("ann");
  const auto before = *held.first;
  held = {};
  EXPECT_EQ(check(token, "ann", later(10)), State::authenticated);
  EXPECT_EQ(held.first->session, before.session);
  EXPECT_EQ(setup.key.verify(token_of("ann", later(11)), "ann")->initial.seconds, login.seconds);
}

TEST_F(SessionToken, of_nobody_takes_the_name_away) {
  const std::string token = token_of("");
  EXPECT_EQ(check(token, "ann"), State::authenticated);
  EXPECT_EQ(seen_name, "");
  EXPECT_EQ(variable(State::authenticated, "session_state"), "AuthenticatedEmptyUser");
  EXPECT_EQ(variable(State::expired, "session_state"), "ExpiredEmptyUser");
  EXPECT_TRUE(setup.key.verify(token_of("ann"), ""));
}

TEST_F(SessionToken, tells_scripts_its_session_and_state) {
  EXPECT_EQ(variable(State::initial, "session_state"), "Initial");
  const std::string token = token_of("ann");
  EXPECT_EQ(variable(State::initial, "session_id"), token.substr(11, 16));
  EXPECT_EQ(variable(State::expired, "session_state"), "Expired");
}

TEST(SessionTokenKey, is_kept_for_the_time_when_its_file_cannot_be_read_any_more) {
  sim::SeededRng rng{7};
  sim::MemoryStore store;
  store.files["token.key"] = crypto::AuthTokenKey::generate(rng).render();
  auto config = options::load_text(
      "ca x\ncert x\nkey x\ndh none\ndev tun\nserver 10.8.0.0 255.255.255.0\n"
      "auth-user-pass-verify /login via-env\nauth-gen-token\nauth-gen-token-secret token.key\n",
      "server.conf");
  ASSERT_TRUE(config) << config.error().text();
  options::Config former = *config;
  keep_key_files(former, store);
  store.files.clear();
  keep_key_files(*config, store, &former);
  std::optional<crypto::AuthTokenKey> random_key;
  const auto loaded = SessionTokens::load(*config, store, rng, random_key);
  ASSERT_TRUE(loaded) << loaded.error().text();
  EXPECT_TRUE(*loaded && !random_key);
}

// CVE-2026-13122: what is not signed by us says nothing.
TEST_F(SessionToken, that_is_forged_names_no_session) {
  SessionTokens::Setup other;
  other.key = crypto::AuthTokenKey::generate(rng);
  SessionTokens::Held theirs;
  const std::string forged = SessionTokens(other).issue(theirs, "ann", login, rng);
  EXPECT_EQ(check(forged, "ann"), State::invalid);
  EXPECT_EQ(variable(State::invalid, "session_state"), "Invalid");
  EXPECT_NE(variable(State::invalid, "session_id"), forged.substr(11, 16));
}

}  // namespace
}  // namespace adit::node
