#pragma once

#include <array>
#include <memory>
#include <optional>
#include <vector>

#include "base/drop.h"
#include "session/control_wrap.h"
#include "session/event.h"
#include "session/key_state.h"
#include "session/push_exchange.h"
#include "session/renewal.h"
#include "session/setup.h"
#include "session/snapshot.h"
#include "wire/peer_info.h"

namespace adit::session {

// How a session's control packets are protected.
struct Protection {
  std::shared_ptr<crypto::ControlCipher> cipher;
  std::optional<crypto::StaticKey> key;  // tls-auth, tls-crypt or the client's tls-crypt-v2 key
  Buffer wkc;                            // tls-crypt-v2 client: its wrapped key
};

// How a session begins.
struct Opening {
  wire::SessionId own;
  wire::SessionId remote;             // known when the peer spoke first
  std::optional<wire::Opcode> reset;  // the hard reset we send; nothing after a cookie stage
  // Of the stamps of wrapped packets: the first id, and the time in all of them.
  std::uint32_t first_stamp = 1;
  WallTime stamp_time = {};
};

// One OpenVPN session: from hard reset to its end, with all its renegotiations. Pure: datagrams and
// the time go in; datagrams, events and the next deadline come out. It only orders its small
// machines (reliability, TLS, push exchange, renewal).
class Session {
 public:
  // setup must outlive the session.
  Session(const Setup& setup, Protection protection, const Opening& opening, Instant now);
  // A session of an earlier process. It renegotiates soon, for its TLS object is gone.
  Session(const Setup& setup, Protection protection, const SessionSnapshot& snapshot, Instant now);

  // A control datagram of this session as it arrived. Opens it in place.
  Drop receive(MutableBytes datagram, Instant now);
  // Call when the deadline has passed; harmless early.
  void tick(Instant now);
  // Writes at most one datagram; nothing: there is none to send now.
  [[nodiscard]] std::optional<std::size_t> transmit(MutableBytes room, Instant now);
  [[nodiscard]] std::optional<Event> event();
  [[nodiscard]] Deadline deadline() const;

  // Answers to events.
  void admit(std::uint8_t key_id, Instant now);
  void refuse(std::uint8_t key_id, std::string_view reason, Instant now);
  void configure(const Negotiated& negotiated, Instant now);  // makes the keys
  void push(const std::vector<std::string>& options, Instant now);

  void set_credentials(Credentials credentials) { credentials_ = std::move(credentials); }
  // The next key exchange waits for give_credentials(); what is given is used once.
  void await_credentials() { awaits_credentials_ = use_once_ = true; }
  void give_credentials(Credentials credentials, Instant now);
  void send_message(std::string_view message, Instant now);  // waits for TLS if it must
  void extend_wait(Instant now, Duration wait);              // AUTH_PENDING
  void extend_decision(Instant now, Duration wait);  // whoever answers AuthWanted needs time
  void note_usage(const KeyUsage& usage, Instant now);
  // The key that data goes out under, and that it is nearly used up.
  [[nodiscard]] std::optional<std::uint8_t> send_key() const { return send_key_; }
  void note_send_key_worn(Instant now);
  void renegotiate(Instant now);

  [[nodiscard]] const wire::SessionId& own_id() const { return own_; }
  [[nodiscard]] const wire::SessionId& remote_id() const { return remote_; }
  [[nodiscard]] const wire::PeerInfo& peer_info() const { return peer_info_; }
  [[nodiscard]] const std::string& peer_options() const { return peer_options_; }
  [[nodiscard]] const tls::TlsEngine* tls() const { return primary_ ? primary_->tls() : nullptr; }
  [[nodiscard]] bool push_requested() const { return push_requested_; }
  [[nodiscard]] bool is_plain() const { return wrap_.is_plain(); }
  [[nodiscard]] bool failed() const { return failed_; }
  [[nodiscard]] bool established() const { return established_; }
  [[nodiscard]] bool configured() const { return negotiated_.has_value(); }
  [[nodiscard]] const std::optional<Negotiated>& negotiated() const { return negotiated_; }
  [[nodiscard]] std::uint8_t key_id() const { return primary_ ? primary_->key_id() : last_key_id_; }
  // Keys the peer may still use, newest first.
  [[nodiscard]] bool has_keys() const;
  // Exporter of the newest TLS connection.
  [[nodiscard]] bool export_key(std::string_view label, MutableBytes out);
  // Nothing before the first keys are made.
  [[nodiscard]] std::optional<SessionSnapshot> snapshot(Instant now) const;

 private:
  ControlWrap& wrap_for(std::uint8_t key_id);
  Drop dispatch(const crypto::ControlCipher::Opened& opened, const wire::ControlBody& body,
                Instant now);
  void take_reset(const wire::ControlBody& body);
  void work(Instant now);
  void exchange_keys(Instant now);
  void read_messages(Instant now);
  void take_key_method(Buffer message, Instant now);
  void take_text(Bytes plaintext, Instant now);
  void take_push_reply(const wire::ControlMessage& message, Instant now);
  void take_push_update(const wire::ControlMessage& message);
  void on_active(Instant now);
  void make_keys(Instant now);
  void ready_keys(Instant now);
  bool derive(KeyState& key, crypto::DataKeyMaterial& material);
  void set_up_dynamic_wrap();
  [[nodiscard]] ControlWrap make_dynamic_wrap() const;
  void choose_send_key(Instant now);
  void begin_renegotiation(bool by_peer, Instant now);
  void check_deadlines(Instant now);
  void fail(FailureReason reason, Instant now);
  void fall_back();
  void flush_messages();
  [[nodiscard]] std::size_t chunk_size(std::uint8_t key_id, std::size_t extra);
  [[nodiscard]] std::optional<std::size_t> encode(KeyState& key, wire::Opcode opcode,
                                                  std::optional<std::uint32_t> id, Bytes payload,
                                                  MutableBytes room);

  const Setup& setup_;
  Protection protection_;
  wire::SessionId own_;
  wire::SessionId remote_;
  ControlWrap wrap_;
  std::optional<ControlWrap> dynamic_wrap_;  // key ids 1 and up, once negotiated
  std::optional<crypto::StaticKey> dynamic_key_;
  bool resend_wkc_ = false;

  std::optional<KeyState> primary_;
  std::unique_ptr<KeyState> retiring_;  // seldom there
  std::uint8_t last_key_id_ = 0;
  std::optional<std::uint8_t> send_key_;

  Credentials credentials_;
  bool awaits_credentials_ = false, use_once_ = false;
  wire::PeerInfo peer_info_;
  std::string peer_options_;
  std::optional<Negotiated> negotiated_;
  PushRequests push_requests_;
  PushParts update_parts_;
  std::optional<std::vector<std::string>> early_push_;  // came before our last acknowledgement
  Renewal renewal_;
  bool established_ = false;
  bool push_requested_ = false;
  bool pushed_ = false;
  bool failed_ = false;
  bool answered_ = false;
  Instant decide_by_ = Instant::max();
  std::vector<std::string> messages_;  // waiting for TLS
  std::vector<Event> events_;          // holds no memory when empty
};

}  // namespace adit::session
