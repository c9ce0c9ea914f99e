#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "options/config.h"
#include "session/frame.h"
#include "session/negotiation.h"

namespace adit::node {

struct FrameFacts;

// What was said of sizes.
struct MtuSetup {
  unsigned tun_mtu = 1500;
  unsigned announced = 1500;     // "tun-mtu" of the options string
  unsigned announced_of = 1500;  // what its "link-mtu" is counted from; stock forgets link-mtu here
  unsigned tun_extra = 0;
  std::optional<unsigned> link_mtu;
  session::Mssfix mssfix;
  bool mssfix_within_link_mtu = false;  // what TCP sends inside is to fit into link_mtu as well
  std::optional<session::FragmentSize> fragment;
  bool test = false;       // "mtu-test"
  bool automatic = false;  // nothing was set by hand: what fits the path is found out
};
// Over UDP, when no size was set by hand: the tunnel finds out what its paths take.
[[nodiscard]] bool finds_path_mtu(const options::Connection& connection);
[[nodiscard]] MtuSetup make_mtu_setup(const options::Config& config,
                                      const options::Connection& connection);
// A device with less carries nothing. source: stock 2.6
[[nodiscard]] Status check_tun_mtu(const MtuSetup& mtu);

// What is told of "link-mtu", once; empty if there is none.
[[nodiscard]] std::string link_mtu_note(const options::Config& config, const MtuSetup& mtu);

// The tun-mtu for one client: ours, or less where link-mtu leaves less with what was negotiated.
[[nodiscard]] unsigned tun_mtu_to_push(const session::Negotiated& negotiated,
                                       const options::Channel& channel, FrameFacts facts,
                                       const MtuSetup& mtu);
// A client's: what was pushed, if anything; but not above what its own link-mtu leaves.
[[nodiscard]] unsigned tun_mtu_to_use(const MtuSetup& mtu, std::optional<unsigned> pushed);

}  // namespace adit::node
