#include "wire/control_message.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace adit::wire {

namespace {

struct Keyword {
  std::string_view text;
  MessageKind kind;
};
// Longer keywords stand before their own prefixes.
constexpr std::array keywords{
    Keyword{"PUSH_REQUEST", MessageKind::push_request},
    Keyword{"PUSH_REPLY", MessageKind::push_reply},
    Keyword{"PUSH_UPDATE", MessageKind::push_update},
    Keyword{"AUTH_FAILED", MessageKind::auth_failed},
    Keyword{"AUTH_PENDING", MessageKind::auth_pending},
    Keyword{"INFO_PRE", MessageKind::info_pre},
    Keyword{"INFO", MessageKind::info},
    Keyword{"CR_RESPONSE", MessageKind::cr_response},
    Keyword{"RESTART", MessageKind::restart},
    Keyword{"HALT", MessageKind::halt},
    Keyword{"EXIT", MessageKind::exit},
};

bool is_printable(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

}  // namespace

ControlMessage parse_control_message(std::string text) {
  ControlMessage message;
  for (const Keyword& keyword : keywords) {
    if (!text.starts_with(keyword.text)) continue;
    message.kind = keyword.kind;
    std::string_view rest = std::string_view(text).substr(keyword.text.size());
    if (rest.starts_with(',')) rest.remove_prefix(1);
    message.rest = rest;
    break;
  }
  message.text = std::move(text);
  return message;
}

std::vector<ControlMessage> decode_control_messages(Bytes plaintext) {
  std::vector<ControlMessage> messages;
  std::string_view left = as_text(plaintext);
  for (auto end = left.find('\0'); end != std::string_view::npos; end = left.find('\0')) {
    std::string_view text = left.substr(0, end);
    left.remove_prefix(end + 1);
    while (text.ends_with('\n') || text.ends_with('\r')) text.remove_suffix(1);
    if (text.empty() || !is_printable(text)) continue;
    messages.push_back(parse_control_message(std::string(text)));
  }
  return messages;
}

PushReply parse_push_reply(std::string_view rest) {
  PushReply reply;
  for (std::string_view option : split(rest, ',')) {
    if (option.empty()) continue;
    if (option == "push-continuation 2") {
      reply.continuation = PushReply::Continuation::more_follow;
    } else if (option == "push-continuation 1") {
      reply.continuation = PushReply::Continuation::last;
    } else {
      reply.options.emplace_back(option);
    }
  }
  return reply;
}

namespace {

std::vector<std::string> render_push(const std::string& keyword,
                                     const std::vector<std::string>& options) {
  constexpr std::size_t safe_size = push_message_limit - 84;  // room for what 2.x adds itself
  std::vector<std::string> messages{keyword};
  for (const std::string& option : options) {
    if (messages.back().size() + 1 + option.size() >= safe_size) {
      messages.back() += ",push-continuation 2";
      messages.push_back(keyword);
    }
    messages.back() += "," + option;
  }
  if (messages.size() > 1) messages.back() += ",push-continuation 1";
  return messages;
}

}  // namespace

std::vector<std::string> render_push_reply(const std::vector<std::string>& options) {
  return render_push("PUSH_REPLY", options);
}

std::vector<std::string> render_push_update(const std::vector<std::string>& options) {
  return render_push("PUSH_UPDATE", options);
}

namespace {

void apply_temporary_keyword(std::string_view keyword, AuthFailed& failed) {
  if (keyword.starts_with("backoff ")) {
    const auto seconds = to_number<std::uint32_t>(trim(keyword.substr(8)));
    if (seconds) failed.backoff = std::chrono::seconds(*seconds);
  } else if (keyword == "advance no") {
    failed.advance = AuthFailed::Advance::no;
  } else if (keyword == "advance addr") {
    failed.advance = AuthFailed::Advance::address;
  } else if (keyword == "advance remote") {
    failed.advance = AuthFailed::Advance::remote;
  }
}

}  // namespace

AuthFailed parse_auth_failed(std::string_view rest) {
  AuthFailed failed;
  if (rest.starts_with("SESSION:")) {
    failed.kind = AuthFailed::Kind::session;
    failed.reason = trim(rest.substr(8));
    return failed;
  }
  if (rest.starts_with("CRV1:")) failed.kind = AuthFailed::Kind::challenge;
  if (!rest.starts_with("TEMP")) {
    failed.reason = rest;
    return failed;
  }
  failed.kind = AuthFailed::Kind::temporary;
  rest.remove_prefix(4);
  if (rest.starts_with('[')) {
    const auto end = std::min(rest.find(']'), rest.size());
    for (std::string_view keyword : split(rest.substr(1, end - 1), ',')) {
      apply_temporary_keyword(trim(keyword), failed);
    }
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  if (rest.starts_with(':')) rest.remove_prefix(1);
  failed.reason = rest;
  return failed;
}

std::optional<DynamicChallenge> parse_challenge(std::string_view reason) {
  std::array<std::string_view, 4> fields;  // the text behind them may hold colons itself
  for (std::string_view& field : fields) {
    const auto end = reason.find(':');
    if (end == std::string_view::npos) return std::nullopt;
    field = reason.substr(0, end);
    reason.remove_prefix(end + 1);
  }
  const auto user = from_base64(fields[3]);
  if (fields[0] != "CRV1" || !user) return std::nullopt;
  DynamicChallenge challenge;
  for (const std::string_view flag : split(fields[1], ',')) {
    if (flag == "E") challenge.echo = true;
  }
  challenge.state = fields[2];
  challenge.user = as_text(*user);
  challenge.text = reason;
  return challenge;
}

PeerShutdown parse_peer_shutdown(std::string_view rest) {
  PeerShutdown shutdown;
  if (rest.starts_with('[')) {
    const auto end = std::min(rest.find(']'), rest.size());
    const std::string_view flags = rest.substr(1, end - 1);
    shutdown.keep_credentials = flags.find('P') != std::string_view::npos;
    shutdown.next_remote = flags.find('N') != std::string_view::npos;
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (rest.starts_with(':')) rest.remove_prefix(1);
  }
  shutdown.text = rest;
  return shutdown;
}

std::optional<std::chrono::seconds> parse_auth_pending(std::string_view rest) {
  for (std::string_view part : split(rest, ',')) {
    if (!part.starts_with("timeout ")) continue;
    const auto seconds = to_number<std::uint32_t>(trim(part.substr(8)));
    if (seconds) return std::chrono::seconds(*seconds);
  }
  return std::nullopt;
}

}  // namespace adit::wire
