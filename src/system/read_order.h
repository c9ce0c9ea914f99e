#pragma once

#include <cstddef>

namespace adit::system {

// Of two sockets of one port, one for data and one for control packets: which does a reader look
// at? A look for nothing costs as much as one that finds a packet, so it looks where it found
// something last; at both now and then, and when there was nothing twice.
class ReadOrder {
 public:
  struct Found {
    std::size_t packets = 0;
    // It is time to look for errors: the reader may have been woken by one.
    bool wants_errors = false;
  };
  // Each looks at its socket and returns how many packets that gave. Those of data are told how
  // many stand before them.
  template <typename Control, typename Data>
  [[nodiscard]] Found read(const Control& look_at_control, const Data& look_at_data) {
    const bool both = ++reads_ % reads_at_one == 0;
    const bool begins_with_control = both || at_control_;
    std::size_t control = begins_with_control ? look_at_control() : 0, data = 0;
    const bool goes_on = control == 0 ? quiet_ : control >= flood;
    if (both || !at_control_ || goes_on) data = look_at_data(control);
    if (!begins_with_control && data == 0 && quiet_) control = look_at_control();
    return note(control, data);
  }

 private:
  Found note(std::size_t control, std::size_t data) {
    const bool nothing = control + data == 0;
    if (!nothing) at_control_ = data == 0;
    const bool twice = nothing && quiet_;
    quiet_ = nothing;
    return {control + data, twice || reads_ % reads_between_errors == 0};
  }

  static constexpr unsigned reads_at_one = 4, reads_between_errors = 64;
  static constexpr std::size_t flood = 8;  // control packets: data does not wait for their end

  bool at_control_ = false;
  bool quiet_ = true;  // the last read found nothing
  unsigned reads_ = 0;
};

}  // namespace adit::system
