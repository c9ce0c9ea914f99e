#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "doctor/log_diagnosis.h"

namespace adit::doctor {

// One line of a log and what it says of a handshake.
struct LogLine {
  enum class Kind {
    other,
    started,       // a program is ready, or a client's tunnel is up
    dialled,       // a client begins
    first_packet,  // of the other side came, and was accepted
    came_again,    // a first packet that had been answered
    accepted,      // a certificate
    connected,     // keys were exchanged
    asked,         // PUSH_REQUEST
    pushed,        // PUSH_REPLY
    timed_out,
    trouble,  // see cause
  };
  Kind kind = Kind::other;
  Role role = Role::unknown;  // whose log writes such a line
  std::string peer;           // "198.51.100.2", without its port; may be empty
  Cause cause = Cause::no_packet;
  std::string what = {}, cure = {};
  std::string text = {};  // without time
  std::size_t number = 0;
};

// Without the time stamps of adit, stock and syslog.
[[nodiscard]] std::string_view without_time(std::string_view line);
[[nodiscard]] LogLine read_line(std::string_view line, std::size_t number);

}  // namespace adit::doctor
