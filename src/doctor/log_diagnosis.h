#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "doctor/report.h"

namespace adit::doctor {

enum class Role { unknown, server, client };

// What the one message "TLS key negotiation failed to occur within 60 seconds" hides.
enum class Cause {
  no_packet,        // nothing of the other side arrived
  wrong_key,        // it came with another tls-auth or tls-crypt key, or none
  wrong_direction,  // the right tls-auth key, the wrong direction
  answer_lost,      // it was answered, and the answer did not arrive
  no_shared_cipher,
  certificate,      // refused: which date, name or usage stands in "what"
  fell_silent,      // in the middle of the handshake; only the other side's log says why
  login,            // name or password
  no_push_request,  // the server never got it
  no_answer,        // a client's log alone: one of no_packet, wrong_key and answer_lost
  unheard,          // a stock server that has said nothing since: no_packet or answer_lost
};
[[nodiscard]] const char* name(Cause cause);

struct Trouble {
  Cause cause;
  std::string peer;  // whom it is about, as the log names it; may be empty
  std::string what;  // a sentence
  std::string cure;
  std::string line;        // the line of the log that says so; empty: that there is none says it
  std::size_t number = 0;  // of the line, from 1
};

// What one side's log says of handshakes that failed.
struct LogDiagnosis {
  Role role = Role::unknown;
  std::vector<Trouble> troubles;  // one a peer, the latest first
  std::string last_up;            // the last line that says a tunnel came up; empty: none
  std::size_t last_up_number = 0;
};

// A log of adit or of stock openvpn, any verbosity, with or without times. role: unknown, if the
// log shall tell.
[[nodiscard]] LogDiagnosis diagnose_log(std::string_view log, Role role = Role::unknown);

// The same as stages: what came, with which key, what was answered, and so on.
[[nodiscard]] Report report_on_log(const LogDiagnosis& diagnosis, const std::string& source);

}  // namespace adit::doctor
