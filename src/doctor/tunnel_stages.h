#pragma once

#include <memory>
#include <optional>

#include "doctor/doctor.h"
#include "doctor/inside.h"
#include "doctor/probe_profile.h"
#include "doctor/probe_session.h"

namespace adit::doctor {

// "port" and "handshake": begins a session with one endpoint after the other until one answers.
// Nothing: the report says why. setup is filled and must outlive the session.
[[nodiscard]] std::unique_ptr<ProbeSession> shake_hands(Report& report, ProbeProfile& profile,
                                                        const std::vector<ip::Endpoint>& endpoints,
                                                        const options::Connection& connection,
                                                        node::ClientSetup& setup,
                                                        const Surroundings& around,
                                                        const Limits& limits);

// What packets inside the tunnel can show.
struct InsidePlan {
  std::optional<ip::Address> own4, own6;
  // The far end's own addresses; any of them may answer.
  std::vector<ip::Address> far_end;
  unsigned mtu = 1500;
  std::string no_size = {};  // why the largest packet is not tested; empty: it is
};

// "tunnel address", "largest packet", "throughput".
void test_inside(Report& report, Inside& inside, const InsidePlan& plan, Rng& rng,
                 const Limits& limits);
void skip_inside(Report& report, const std::string& why);

// The address of ours that a packet to this one comes from; nothing: we have none of its family.
[[nodiscard]] std::optional<ip::Address> own_towards(const InsidePlan& plan,
                                                     const ip::Address& host);

[[nodiscard]] std::string milliseconds(Duration time);

}  // namespace adit::doctor
