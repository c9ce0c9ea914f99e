#include "node/key_wear.h"

namespace adit::node {

void note_key_wear(session::Session& session, const plane::DataPlane& plane, plane::PeerIndex index,
                   Instant now) {
  if (const auto wear = plane.wear(index, session.key_id())) {
    session.note_usage({wear->bytes, wear->packets, wear->limit_near, wear->small_blocks}, now);
  }
  if (!session.send_key()) return;
  const auto sending = plane.wear(index, *session.send_key());
  if (sending && sending->limit_near) session.note_send_key_worn(now);
}

}  // namespace adit::node
