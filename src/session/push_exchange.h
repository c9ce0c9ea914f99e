#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "wire/control_message.h"

namespace adit::session {

// The parts of one list of options that comes in several messages.
class PushParts {
 public:
  // The complete list once the last part is in. What is longer than any sensible list is dropped.
  [[nodiscard]] std::optional<std::vector<std::string>> take(const wire::PushReply& part);

 private:
  static constexpr std::size_t most_options = 4096;  // bounds what a server can make us remember

  std::vector<std::string> options_;
};

// The client's side of the push: asks until the whole reply is there.
// source: wire protocol 9.2, 9.3.
class PushRequests {
 public:
  void start(Instant now, Duration give_up_after);
  // AUTH_PENDING moves the moment of giving up.
  void extend(Instant now, Duration give_up_after) { give_up_ = now + give_up_after; }

  // A PUSH_REPLY's options; the complete list once the last part is in.
  [[nodiscard]] std::optional<std::vector<std::string>> take(const wire::PushReply& reply);

  [[nodiscard]] bool waiting() const { return waiting_; }
  [[nodiscard]] bool request_due(Instant now);  // true once per interval
  [[nodiscard]] bool given_up(Instant now) const { return waiting_ && give_up_ <= now; }
  [[nodiscard]] Deadline deadline() const;

 private:
  bool waiting_ = false;
  Instant next_ = Instant::max();
  Instant give_up_ = Instant::max();
  PushParts parts_;
};

}  // namespace adit::session
