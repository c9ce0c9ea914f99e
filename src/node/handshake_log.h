#pragma once

#include "base/log.h"
#include "session/event.h"
#include "session/liveness.h"
#include "session/session.h"
#include "session/time_limits.h"

namespace adit::node {

// What both roles tell of a handshake: the verified chain, the TLS parameters, the peer info.
void log_peer(const Log& log, const session::Session& session, bool with_peer_info);
// Why it failed: well-known lines first, then what to do.
void log_failure(const Log& log, const session::Failed& failed, Duration hand_window);

// What was agreed for the data channel; and, where the configuration names another cipher, that
// this one is not in use.
void log_data_channel(const Log& log, const session::Negotiated& negotiated, std::uint32_t peer_id,
                      std::string_view compression, const std::string& configured_cipher);

// Which timers run, and what else was agreed; of nothing nothing is said.
void log_timers(const Log& log, const session::Liveness::Timers& timers, bool ping_exits,
                const session::TimeLimits::Setup& limits);
void log_protocol_options(const Log& log, unsigned exit_notify,
                          const session::Negotiated& negotiated);

}  // namespace adit::node
