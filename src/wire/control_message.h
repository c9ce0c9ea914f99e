#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace adit::wire {

enum class MessageKind {
  unknown,
  push_request,
  push_reply,
  push_update,
  auth_failed,
  auth_pending,
  info,
  info_pre,
  cr_response,
  restart,
  halt,
  exit,
};

struct ControlMessage {
  MessageKind kind = MessageKind::unknown;
  std::string text;  // the whole message
  std::string rest;  // what follows the keyword and its comma
};

// Splits what one TLS record held at its NULs. A last part without NUL is dropped, trailing CR and
// LF are cut, and a message with anything unprintable is dropped (CVE-2024-5594).
[[nodiscard]] std::vector<ControlMessage> decode_control_messages(Bytes plaintext);
[[nodiscard]] ControlMessage parse_control_message(std::string text);

// Text of PUSH_REPLY or PUSH_UPDATE to options; continuation tells whether more messages follow.
struct PushReply {
  enum class Continuation { none, more_follow, last };
  std::vector<std::string> options;
  Continuation continuation = Continuation::none;
};
[[nodiscard]] PushReply parse_push_reply(std::string_view rest);
// Options must hold no comma. Every message is below push_message_limit with its NUL.
[[nodiscard]] std::vector<std::string> render_push_reply(const std::vector<std::string>& options);
[[nodiscard]] std::vector<std::string> render_push_update(const std::vector<std::string>& options);
inline constexpr std::size_t push_message_limit = 1024;

struct AuthFailed {
  enum class Kind { refused, session, temporary, challenge };
  enum class Advance { default_, no, address, remote };
  Kind kind = Kind::refused;
  std::string reason;
  std::optional<std::chrono::seconds> backoff;
  Advance advance = Advance::default_;
};
[[nodiscard]] AuthFailed parse_auth_failed(std::string_view rest);

// A question that a server asks back ("CRV1:R,E:STATE:BASE64USER:TEXT"). It is answered at the next
// connection, by that user.
struct DynamicChallenge {
  bool echo = false;  // the answer may be seen
  std::string state;
  std::string user;
  std::string text;
  [[nodiscard]] std::string answered(std::string_view answer) const {
    return "CRV1::" + state + "::" + std::string(answer);
  }
};
[[nodiscard]] std::optional<DynamicChallenge> parse_challenge(std::string_view reason);

// "[PN]text" after RESTART or HALT.
struct PeerShutdown {
  bool keep_credentials = false;  // P
  bool next_remote = false;       // N
  std::string text;
};
[[nodiscard]] PeerShutdown parse_peer_shutdown(std::string_view rest);

// "timeout 30" of AUTH_PENDING.
[[nodiscard]] std::optional<std::chrono::seconds> parse_auth_pending(std::string_view rest);

}  // namespace adit::wire
