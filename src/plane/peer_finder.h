#pragma once

#include "plane/tables.h"

namespace adit::plane {

// The peer behind an inner address, as one lane asks for it. Packets of a flow come together: in a
// turn the table is asked for the first of them.
class PeerFinder {
 public:
  explicit PeerFinder(const Tables& tables) : tables_(tables) {}

  // What was found holds until then.
  void begin_turn() { asked_ = false; }

  // no_peer: behind none. Between Reader::here() and away().
  [[nodiscard]] PeerIndex behind(const ip::Address& address) {
    if (asked_ && address == address_) return found_;
    const PeerIndex* index = tables_.routes().peers.find(address);
    asked_ = true;
    address_ = address;
    found_ = index != nullptr ? *index : no_peer;
    return found_;
  }

 private:
  const Tables& tables_;
  bool asked_ = false;
  ip::Address address_;
  PeerIndex found_ = no_peer;
};

}  // namespace adit::plane
