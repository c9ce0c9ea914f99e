#pragma once

#include "node/mtu_setup.h"
#include "options/config.h"
#include "plane/plane_setup.h"

namespace adit::node {

// What the data plane must know of the configuration and of the connection that it serves. What
// depends on the role, and the engine, is the caller's to set.
[[nodiscard]] plane::PlaneSetup make_plane_setup(const options::Config& config,
                                                 const options::Connection& connection,
                                                 const MtuSetup& mtu);

}  // namespace adit::node
