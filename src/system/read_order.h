#pragma once

#include <cstddef>

namespace adit::system {

// Of two sockets of one port, one for data and one for control packets: which does a reader look
// at? A look for nothing costs as much as one that finds a packet, so it looks where it found
// something last; at both now and then, and when there was nothing twice.
class ReadOrder {
 public:
  enum class Look { data, control, both };
  [[nodiscard]] Look first() {
    if (++reads_ % reads_at_one == 0) return Look::both;
    return at_control_ ? Look::control : Look::data;
  }
  // One of them gave so many packets: is the other looked at, too?
  [[nodiscard]] bool goes_on(std::size_t found) const {
    return found == 0 ? quiet_ : at_control_ && found >= flood;
  }
  // What both gave, 0 where nobody looked. True: it is time to look for errors, as the reader may
  // have been woken by one.
  [[nodiscard]] bool wants_errors(std::size_t control, std::size_t data) {
    const bool nothing = control + data == 0;
    if (!nothing) at_control_ = data == 0;
    const bool twice = nothing && quiet_;
    quiet_ = nothing;
    return twice || reads_ % reads_between_errors == 0;
  }

 private:
  static constexpr unsigned reads_at_one = 4, reads_between_errors = 64;
  static constexpr std::size_t flood = 8;  // control packets: data does not wait for their end

  bool at_control_ = false;
  bool quiet_ = true;  // the last read found nothing
  unsigned reads_ = 0;
};

}  // namespace adit::system
