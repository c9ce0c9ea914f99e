// What travels inside TLS: key method 2, then text messages.

#include <array>
#include <utility>

#include "base/assert.h"
#include "session/session.h"

namespace adit::session {

namespace {
constexpr std::size_t most_waiting_messages = 64;
}

void Session::exchange_keys(Instant now) {
  if (primary_->tls() == nullptr) return;
  const bool ready = !setup_.tls_server && !awaits_credentials_;
  if (ready && primary_->wants_to_write_key_method(false)) {
    wire::KeyMethod2 message{primary_->local, setup_.options, credentials_.username,
                             credentials_.password, setup_.peer_info};
    primary_->write_key_method(message, false);
    if (std::exchange(use_once_, false)) credentials_ = {};
  }
  read_messages(now);
  if (!primary_ || failed_ || primary_->tls() == nullptr) return;
  const bool failed = primary_->tls()->state() == tls::TlsEngine::State::failed;
  if (failed || primary_->stage() == KeyState::Stage::failed) {
    // What TLS still has to say (its alert) goes out once.
    primary_->drain(chunk_size(primary_->key_id(), 0), {});
    fail(FailureReason::tls, now);
  }
}

void Session::give_credentials(Credentials credentials, Instant now) {
  credentials_ = std::move(credentials);
  awaits_credentials_ = false;
  work(now);
}

void Session::read_messages(Instant now) {
  while (primary_ && !failed_) {
    auto message = primary_->read_message();
    if (!message) return;
    if (!primary_->peer_key_method) {
      take_key_method(std::move(*message), now);
    } else {
      take_text(*message, now);
    }
  }
}

void Session::take_key_method(Buffer bytes, Instant now) {
  auto message = wire::decode_key_method2(bytes, setup_.tls_server);
  if (!bytes.empty()) explicit_bzero(bytes.data(), bytes.size());
  if (!message) return fail(FailureReason::bad_key_method, now);
  primary_->peer_key_method = true;
  primary_->remote = message->source;
  if (!message->peer_info.empty()) peer_info_ = wire::PeerInfo::parse(message->peer_info);
  peer_options_ = std::move(message->options);
  if (setup_.tls_server) {
    const bool p2p = setup_.exchange == Exchange::point_to_point;
    wire::KeyMethod2 answer{
        primary_->local, setup_.options, {}, {}, p2p ? setup_.peer_info : std::string()};
    primary_->write_key_method(answer, true);
    push_requested_ = push_requested_ || peer_info_.offers(wire::proto_request_push);
    events_.push_back(AuthWanted{primary_->key_id(), !established_, std::move(message->username),
                                 std::move(message->password)});
    decide_by_ = now + setup_.hand_window;
    // The peer already takes this key for good, so it stays as long as the old one carries on.
    if (established_ && retiring_) decide_by_ = std::max(decide_by_, retiring_->retire_at);
  } else {
    primary_->admission = KeyState::Admission::admitted;
  }
}

void Session::take_text(Bytes plaintext, Instant now) {
  for (wire::ControlMessage& message : wire::decode_control_messages(plaintext)) {
    if (message.kind == wire::MessageKind::push_request) {
      push_requested_ = true;
      if (setup_.exchange == Exchange::pushing) {
        events_.push_back(MessageReceived{std::move(message)});
      }
    } else if (message.kind == wire::MessageKind::push_reply) {
      take_push_reply(message, now);
    } else if (message.kind == wire::MessageKind::push_update) {
      take_push_update(message);
    } else {
      events_.push_back(MessageReceived{std::move(message)});
    }
  }
}

void Session::take_push_reply(const wire::ControlMessage& message, Instant) {
  if (setup_.exchange != Exchange::pulling) return;
  const auto reply = wire::parse_push_reply(message.rest);
  if (!push_requests_.waiting() && negotiated_) {
    events_.push_back(PushedLater{reply.options});
  } else if (auto options = push_requests_.take(reply)) {
    if (established_) {
      events_.push_back(Pushed{std::move(*options)});
    } else {
      early_push_ = std::move(options);
    }
  }
}

// Before there is a tunnel there is nothing to change.
void Session::take_push_update(const wire::ControlMessage& message) {
  if (setup_.exchange != Exchange::pulling || !negotiated_) return;
  if (auto options = update_parts_.take(wire::parse_push_reply(message.rest))) {
    events_.push_back(PushUpdated{std::move(*options)});
  }
}

// Both key method messages are exchanged and acknowledged.
void Session::on_active(Instant now) {
  if (primary_->admission == KeyState::Admission::refused) return;
  if (primary_->admission != KeyState::Admission::admitted) return;
  if (established_) {
    if (negotiated_) make_keys(now);
    return;
  }
  established_ = true;
  events_.push_back(Established{});
  if (early_push_) {
    events_.push_back(Pushed{*std::exchange(early_push_, std::nullopt)});
  } else if (setup_.exchange == Exchange::pulling) {
    push_requests_.start(now, setup_.hand_window);
  } else {
    decide_by_ = now + setup_.hand_window;  // until configure()
  }
}

void Session::admit(std::uint8_t key_id, Instant now) {
  if (!primary_ || primary_->key_id() != key_id) return;
  if (primary_->admission == KeyState::Admission::refused) return;
  primary_->admission = KeyState::Admission::admitted;
  decide_by_ = Instant::max();
  if (setup_.tls_server && established_ && negotiated_ && primary_->peer_key_method)
    ready_keys(now);
  work(now);
}

void Session::refuse(std::uint8_t key_id, std::string_view reason, Instant now) {
  if (!primary_ || primary_->key_id() != key_id) return;
  primary_->admission = KeyState::Admission::refused;
  decide_by_ = now + setup_.hand_window;  // for one that nobody closes
  push_requests_ = {};
  send_message(reason.empty() ? "AUTH_FAILED" : "AUTH_FAILED," + std::string(reason), now);
}

void Session::push(const std::vector<std::string>& options, Instant now) {
  for (const std::string& message : wire::render_push_reply(options)) send_message(message, now);
}

void Session::send_message(std::string_view message, Instant now) {
  if (messages_.size() < most_waiting_messages) messages_.emplace_back(message);
  work(now);
}

void Session::flush_messages() {
  while (!messages_.empty() && primary_ && primary_->send_text(messages_.front())) {
    messages_.erase(messages_.begin());
  }
}

void Session::extend_decision(Instant now, Duration wait) {
  if (decide_by_ != Instant::max()) decide_by_ = std::max(decide_by_, now + wait);
}

void Session::extend_wait(Instant now, Duration wait) { push_requests_.extend(now, wait); }

}  // namespace adit::session
