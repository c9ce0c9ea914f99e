#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/log.h"
#include "node/admission.h"
#include "node/disorder_report.h"
#include "node/lines.h"
#include "node/peer_path.h"
#include "node/session_tokens.h"
#include "plane/data_plane.h"
#include "policy/client_plan.h"
#include "session/association.h"
#include "session/liveness.h"
#include "session/negotiation.h"
#include "session/time_limits.h"

namespace adit::node {

// One client of a server, from its first authentic packet to its end.
struct ServerPeer {
  enum class Phase {
    handshake,   // no decision about it yet
    connecting,  // admitted; scripts may be running
    up,          // it has an address and keys
    leaving,     // told to go; kept a while so that the message arrives
  };

  ServerPeer(plane::PeerIndex at, std::uint64_t id, const ports::LinkAddress& from,
             session::Protection used, std::unique_ptr<session::Session> first, Log prefixed)
      : index(at),
        client_id(id),
        address(from),
        protection(std::move(used)),
        association(std::move(first)),
        log(std::move(prefixed)) {}

  plane::PeerIndex index;
  std::uint64_t client_id;  // never used again in this process
  ports::LinkAddress address;
  session::Protection protection;
  session::Association association;
  Log log;
  Phase phase = Phase::handshake;
  // Somebody known, whose place no other login can take.
  [[nodiscard]] bool admitted() const { return phase == Phase::connecting || phase == Phase::up; }

  std::string common_name;  // empty until it is known
  std::string username;
  // What it calls itself, where "override-username" calls it otherwise.
  std::optional<std::string> own_username{};
  bool named_by_user = false;  // "username-as-common-name" when it came
  tls::PeerIdentity identity;
  wire::SessionId named;  // until it is admitted: the session in which all this was said
  SessionTokens::Held token;
  SessionTokens::State token_state = SessionTokens::State::initial;  // of what it sent last
  Environment token_variables;
  Instant renew_token_at = Instant::max();
  options::ClientProfile profile;
  std::string ccd_path, ccd_text;      // of client-config-dir, as it was read; empty: none
  std::uint64_t configured = 0;        // how often the server had been reconfigured then
  std::optional<policy::Lease> lease;  // what the pool had for it when it came
  policy::ClientPlan plan;
  std::vector<std::string> push_list;
  // What is behind it but not routed to it: learn-address was not run yet, or said no.
  struct Unlearned {
    ip::Prefix network;
    std::uint64_t asking;  // a number of its own: the network may come and go meanwhile
    bool refused = false;
  };
  std::vector<Unlearned> unlearned;
  Admissions admissions;
  // tls-crypt-v2-verify of a session that has begun, and what has to wait for it.
  struct KeyCheck {
    wire::SessionId session;
    std::function<void()> then{};
  };
  std::vector<KeyCheck> key_checks;
  unsigned responses = 0;  // to challenges that a program looks at, or is to
  // With management-client-auth somebody outside decides.
  struct Managed {
    struct Asked {
      wire::SessionId session;
      std::uint8_t key_id;
      std::uint64_t key;  // what the manager calls it
    };
    std::optional<Asked> asked{};  // the latest
    std::uint64_t next_key = 1;
    bool told = false;    // of its coming; so it hears of the end
    std::string lines{};  // of configuration that came with the consent
  } managed;
  std::uint64_t arrival = 0;  // of two that share a network, the later has it
  bool let_in = false;        // client-disconnect will be told
  bool told_gone = false;     // and was
  bool pushed = false;
  bool retire_others = false;  // a new session's first keys replace all of the old one's

  std::optional<DisorderReport> disorder;  // once it was looked at
  session::Liveness liveness;
  bool ping_exits = false;  // silence ends it for good, rather than until it comes back
  session::TimeLimits limits;
  PeerPath path;
  Instant last_control_sent, last_control_received;
  std::uint64_t control_bytes_sent = 0, control_bytes_received = 0;
  WallTime connected;
  Instant tell_source_at = Instant::min();  // of packets from behind it, not before

  Instant leave_at = Instant::max();
  std::string leave_signal;  // "SIGTERM", with its text
  std::string leave_text;
  bool in_hand = false;  // its events are being handled
  Deadline scheduled;    // where the server's timer queue has it

  // "client1/203.0.113.2:40037", or the address alone before the name is known
  [[nodiscard]] std::string name() const {
    const std::string from = lines::real_address(address.remote);
    return common_name.empty() ? from : common_name + "/" + from;
  }
};

}  // namespace adit::node
