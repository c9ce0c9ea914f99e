#pragma once

#include <string>

#include "doctor/probe_session.h"

namespace adit::doctor {

// Why a session did not come up, as far as this side can know.
struct Told {
  std::string evidence;
  std::string cure;
};

// Nothing of the server was heard: why that may be.
[[nodiscard]] Told words_for_silence(const ProbeSession& session, const node::ClientSetup& setup,
                                     Duration patience);
// The server was heard, and the tunnel did not come up.
[[nodiscard]] Told words_for_failure(const ProbeSession& session);

}  // namespace adit::doctor
