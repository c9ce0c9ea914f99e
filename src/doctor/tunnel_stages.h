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

// "tunnel address": the far end itself; nothing: it does not answer.
[[nodiscard]] std::optional<ip::Address> test_tunnel_address(Report& report, Inside& inside,
                                                             const InsidePlan& plan, Rng& rng,
                                                             const Limits& limits);
// "largest packet" and "throughput", to a host that answers. Last of all: it fills the tunnel, and
// the server finds out the path's MTU before.
void test_capacity(Report& report, Inside& inside, const InsidePlan& plan,
                   const std::optional<ip::Address>& host, Rng& rng, const Limits& limits);
void skip_tunnel_address(Report& report, const std::string& why);
void skip_capacity(Report& report, const std::string& why);

// The address of ours that a packet to this one comes from; nothing: we have none of its family.
[[nodiscard]] std::optional<ip::Address> own_towards(const InsidePlan& plan,
                                                     const ip::Address& host);

[[nodiscard]] std::string milliseconds(Duration time);

}  // namespace adit::doctor
