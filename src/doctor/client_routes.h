#pragma once

#include "doctor/network_stages.h"

namespace adit::doctor {

// What a server pushed, as the stages want it.
[[nodiscard]] InsidePlan plan_of(const options::Pulled& pulled, const node::ClientSetup& setup);

// The networks it offers beyond the tunnel, and those of hosts that the user names.
[[nodiscard]] std::vector<FarNetwork> far_networks(const options::Pulled& pulled,
                                                   const InsidePlan& plan,
                                                   const std::vector<ip::Address>& hosts);
[[nodiscard]] std::vector<FarNetwork> named_networks(const std::vector<ip::Address>& hosts);

}  // namespace adit::doctor
