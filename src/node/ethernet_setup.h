#pragma once

#include "options/config.h"
#include "plane/plane_setup.h"

namespace adit::node {

// What the data plane must know of a tap device.
void set_ethernet(plane::PlaneSetup& plane, const options::Config& config);

}  // namespace adit::node
