#include "session/push_exchange.h"

#include <utility>

namespace adit::session {

namespace {
constexpr Duration first_request_after = std::chrono::seconds(1);
constexpr Duration request_interval = std::chrono::seconds(5);
}  // namespace

void PushRequests::start(Instant now, Duration give_up_after) {
  waiting_ = true;
  next_ = now + first_request_after;
  give_up_ = now + give_up_after;
}

std::optional<std::vector<std::string>> PushParts::take(const wire::PushReply& part) {
  if (options_.size() + part.options.size() > most_options) return std::nullopt;
  options_.insert(options_.end(), part.options.begin(), part.options.end());
  if (part.continuation == wire::PushReply::Continuation::more_follow) return std::nullopt;
  return std::exchange(options_, {});
}

std::optional<std::vector<std::string>> PushRequests::take(const wire::PushReply& reply) {
  auto options = parts_.take(reply);
  if (options) waiting_ = false;
  return options;
}

bool PushRequests::request_due(Instant now) {
  if (!waiting_ || next_ > now) return false;
  next_ = now + request_interval;
  return true;
}

Deadline PushRequests::deadline() const {
  if (!waiting_) return {};
  return earlier({next_, "push-request"}, {give_up_, "push-give-up"});
}

}  // namespace adit::session
