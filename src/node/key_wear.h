#pragma once

#include "plane/data_plane.h"
#include "session/session.h"

namespace adit::node {

// How often to look; where a limit of bytes is set, at the full rate of a lane a second is much.
[[nodiscard]] inline Duration wear_interval(const session::Setup& setup) {
  return std::chrono::seconds(session::limits_traffic(setup) ? 1 : 10);
}

// Tells a session what its keys have carried: those nearly used up are renewed early, and a new one
// takes over at once from one that is.
void note_key_wear(session::Session& session, const plane::DataPlane& plane, plane::PeerIndex index,
                   Instant now);

}  // namespace adit::node
