// Text messages of the control channel: cut at their NULs, each read as what it claims to be; and
// option lists of any length, which a client must find again in the messages made of them.

#include <algorithm>

#include "tests/fuzz/input.h"
#include "wire/control_message.h"

namespace adit::fuzz {

namespace {

using Options = std::vector<std::string>;
constexpr std::size_t longest_option = 255;

// Reads the messages of one list as a client does.
Options collect(const std::vector<std::string>& messages) {
  using Continuation = wire::PushReply::Continuation;
  Options all;
  for (const std::string& text : messages) {
    ADIT_ASSERT(text.size() + 1 <= wire::push_message_limit);
    const auto message = wire::parse_control_message(text);
    ADIT_ASSERT(message.kind == wire::MessageKind::push_reply);
    const auto reply = wire::parse_push_reply(message.rest);
    const bool is_last = &text == &messages.back();
    const Continuation expected = messages.size() == 1 ? Continuation::none
                                  : is_last            ? Continuation::last
                                                       : Continuation::more_follow;
    ADIT_ASSERT(reply.continuation == expected);
    all.insert(all.end(), reply.options.begin(), reply.options.end());
  }
  return all;
}

void try_options(Options options) {
  std::erase_if(options, [](const std::string& option) {
    return option.empty() || option.size() > longest_option ||
           option.starts_with("push-continuation");
  });
  ADIT_ASSERT(collect(wire::render_push_reply(options)) == options);
}

void try_message(const wire::ControlMessage& message) {
  ADIT_ASSERT(!message.text.empty() && message.text.ends_with(message.rest));
  ADIT_ASSERT(std::ranges::all_of(message.text, [](char c) { return c >= ' ' && c <= '~'; }));
  switch (message.kind) {
    case wire::MessageKind::push_reply:
    case wire::MessageKind::push_update:
      return try_options(wire::parse_push_reply(message.rest).options);
    case wire::MessageKind::auth_failed:
      static_cast<void>(wire::parse_auth_failed(message.rest));
      if (const auto asked = wire::parse_challenge(message.rest)) {
        ADIT_ASSERT(message.rest.ends_with(asked->text));
      }
      return;
    case wire::MessageKind::auth_pending:
      static_cast<void>(wire::parse_auth_pending(message.rest));
      return;
    case wire::MessageKind::restart:
    case wire::MessageKind::halt: {
      const auto shutdown = wire::parse_peer_shutdown(message.rest);
      ADIT_ASSERT(message.rest.ends_with(shutdown.text));
      return;
    }
    default:
      return;
  }
}

}  // namespace

void try_input(Bytes input) {
  const auto messages = wire::decode_control_messages(input);
  ADIT_ASSERT(messages.size() <= static_cast<std::size_t>(std::ranges::count(input, 0)));
  for (const wire::ControlMessage& message : messages) try_message(message);
}

}  // namespace adit::fuzz
