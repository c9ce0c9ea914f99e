#pragma once

#include "plane/data_plane.h"
#include "session/session.h"

namespace adit::node {

// Tells a session what its keys have carried: those nearly used up are renewed early, and a new one
// takes over at once from one that is.
void note_key_wear(session::Session& session, const plane::DataPlane& plane, plane::PeerIndex index,
                   Instant now);

}  // namespace adit::node
