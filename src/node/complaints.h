#pragma once

#include <set>

#include "base/drop.h"
#include "base/log.h"
#include "node/gate.h"

namespace adit::node {

// What is said about first packets that do not carry this end's control channel key: who sent them
// and what to compare, the latter once for each address. Strangers may be loud; the log is not.
class Complaints {
 public:
  // wrapping must outlive it
  Complaints(const Wrapping& wrapping, Log log);

  void about(Bytes datagram, Drop verdict, const ip::Endpoint& from, Instant now);

 private:
  bool is_new(const ip::Address& who);

  const Wrapping& wrapping_;
  Log log_;
  RateLimit limit_;
  std::uint64_t silenced_ = 0;
  std::set<ip::Address> advised_;
};

// What a client says when nobody has answered its first packets.
[[nodiscard]] std::string advice_on_silence(const ip::Endpoint& server, const Wrapping& wrapping);

struct Complaint {
  std::string line;  // as stock says it
  std::string advice;
  std::string_view before = {};  // what stock says first
};
// False: the packet is no business of ours (noise, a late packet of a session that has ended).
// Cheap, for a flood.
[[nodiscard]] bool deserves_complaint(Bytes datagram, Drop verdict, const Wrapping& wrapping);
// Nothing where it deserves none.
[[nodiscard]] std::optional<Complaint> complaint_about(Bytes datagram, Drop verdict,
                                                       const ip::Endpoint& from,
                                                       const Wrapping& wrapping);

}  // namespace adit::node
