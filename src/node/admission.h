#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "wire/session_id.h"

namespace adit::node {

// Who may have a say in whether a key exchange lets its peer in.
enum class Judge : std::uint8_t { tls_crypt_v2, tls_verify, script, plugin, manager };

// One decision about one key exchange. Whoever is asked says yes or no, once; the first no ends it,
// and the last yes admits. Ask all of them before the first answer is taken.
class Admission {
 public:
  enum class Verdict { waiting, admitted, refused };

  Admission(const wire::SessionId& session, std::uint8_t key_id)
      : session_(session), key_id_(key_id) {}

  void ask(Judge who) { state(who) = State::asked; }
  // From somebody who was not asked, or has answered, it changes nothing.
  Verdict agree(Judge who);
  // told: what the client hears as the reason; may be empty.
  Verdict refuse(Judge who, std::string told = {});

  [[nodiscard]] Verdict verdict() const;
  [[nodiscard]] bool waits_for(Judge who) const;
  [[nodiscard]] std::optional<Judge> refused_by() const { return refused_by_; }
  [[nodiscard]] const std::string& told() const { return told_; }

  [[nodiscard]] const wire::SessionId& session() const { return session_; }
  [[nodiscard]] std::uint8_t key_id() const { return key_id_; }
  [[nodiscard]] bool is_about(const wire::SessionId& session, std::uint8_t key_id) const {
    return session_ == session && key_id_ == key_id;
  }

 private:
  enum class State : std::uint8_t { not_asked, asked, agreed };
  [[nodiscard]] State& state(Judge who) { return states_[static_cast<std::size_t>(who)]; }

  wire::SessionId session_;
  std::uint8_t key_id_;
  std::array<State, 5> states_{};
  std::optional<Judge> refused_by_;
  std::string told_;
};

// The open decisions about one peer: a renegotiation of its session and the handshake of its next
// one may be under way together. Those that are decided are to be removed.
class Admissions {
 public:
  // Replaces an earlier one about the same key exchange. Valid until the next call of open() or
  // close().
  Admission& open(const wire::SessionId& session, std::uint8_t key_id);
  void close(const wire::SessionId& session, std::uint8_t key_id);
  void clear() { open_.clear(); }
  [[nodiscard]] Admission* find(const wire::SessionId& session, std::uint8_t key_id);
  [[nodiscard]] bool empty() const { return open_.empty(); }

 private:
  // Two sessions with a key exchange each; what nobody decided before is forgotten first.
  static constexpr std::size_t most = 4;
  std::vector<Admission> open_;
};

}  // namespace adit::node
