#pragma once

#include <vector>

#include "base/rng.h"
#include "ip/address.h"
#include "options/config.h"
#include "wire/control_message.h"

namespace adit::node {

// Which server a client tries next, and how long it rests before: the remotes in their order, each
// with all its addresses, pauses that double with every fruitless round.
// source: surfaces 15, wire protocol 17.1
class RemoteWalk {
 public:
  RemoteWalk(std::vector<options::Connection> connections, bool random, Rng& rng);

  [[nodiscard]] const options::Connection& connection() const { return connections_[at_]; }
  [[nodiscard]] std::size_t position() const { return at_; }
  // The addresses the resolver gave for connection(); kept until the walk moves on.
  void set_addresses(std::vector<ip::Address> addresses);
  [[nodiscard]] bool has_address() const { return address_ < addresses_.size(); }
  [[nodiscard]] const ip::Address& address() const { return addresses_[address_]; }

  // An attempt is over. succeeded: the tunnel was up, so the pauses begin anew.
  void move_on(bool succeeded, wire::AuthFailed::Advance advance);
  // How long to rest before the next attempt.
  // least  that whoever refused us asks for; the configured maximum counts for that as well
  [[nodiscard]] std::chrono::seconds pause(std::chrono::seconds least = {}) const;
  // Rounds over the whole list without success.
  [[nodiscard]] unsigned fruitless_rounds() const { return rounds_; }

 private:
  void next_connection();

  std::vector<options::Connection> connections_;
  std::size_t at_ = 0;
  std::vector<ip::Address> addresses_;
  std::size_t address_ = 0;
  unsigned rounds_ = 0;
};

}  // namespace adit::node
