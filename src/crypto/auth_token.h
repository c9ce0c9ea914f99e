#pragma once

#include <array>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/rng.h"
#include "base/secret.h"
#include "base/time.h"

namespace adit::crypto {

inline constexpr std::string_view auth_token_label = "OpenVPN auth-token server key";
inline constexpr std::string_view auth_token_prefix = "SESS_ID_AT_";

// By its shape: it may still be anybody's.
[[nodiscard]] bool looks_like_auth_token(std::string_view text);

// What a session token says. source: wire protocol 16.2, vector auth-token.
struct AuthToken {
  std::array<std::uint8_t, 12> session{};
  WallTime initial;  // when the user first logged in
  WallTime issued;   // when this token was made
};

class AuthTokenKey {
 public:
  [[nodiscard]] static Result<AuthTokenKey> parse(std::string_view pem);
  [[nodiscard]] static AuthTokenKey generate(Rng& rng);
  [[nodiscard]] std::string render() const;

  [[nodiscard]] std::string sign(const AuthToken& token, std::string_view username) const;
  // Nothing unless shape, size and HMAC are right for this user.
  [[nodiscard]] std::optional<AuthToken> verify(std::string_view text,
                                                std::string_view username) const;

 private:
  void mac(Bytes fields, std::string_view username, MutableBytes out) const;
  Secret<128> bytes_;
};

}  // namespace adit::crypto
