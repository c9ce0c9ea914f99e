#pragma once

#include "app/runtime.h"
#include "node/tunnel.h"
#include "options/config.h"

// What a client's host is told and kept from beside the tunnel's own device: names and the kill
// switch, over the life of the process.

namespace adit::app {

// Before the tunnel is made. What a killed process left is taken back.
void begin_names(Runtime& runtime, const options::Config& config);
// While we still may do everything.
void keep_rights_for_names(Runtime& runtime, const options::Config& config);
// Between two attempts of a tunnel that stays: servers' names are looked up as if it were not
// there. False: its routes are in the way of that, on a host that is not as it was before them.
[[nodiscard]] bool rest_guard(Runtime& runtime, const options::Config& config,
                              node::Tunnel& tunnel);

// Once in a turn of a run.
void follow_device(Runtime& runtime, const node::Tunnel& tunnel);
// The run is over. Only who asked for the end of the process wants everything to leave again.
void end_guard(Runtime& runtime, const RunEnd& end, const Signal& signal);

}  // namespace adit::app
