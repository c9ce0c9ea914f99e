#include "node/peer_path.h"

#include <algorithm>

namespace adit::node {

using session::Mssfix;
using State = session::PathMtu::State;

namespace {

// What TCP is told before the first answers: fits every path that is worth a tunnel.
constexpr unsigned careful_outer = 1180;
constexpr unsigned usual_outer = 1500;
// The largest load we send when asked: a tunnel packet, whatever the question says.
constexpr std::size_t largest_load = 1500;

session::PathMtu::Traffic traffic_of(plane::DataPlane& plane, plane::PeerIndex index) {
  const plane::PeerTraffic traffic = plane.traffic(index);
  return {traffic.received_packets, traffic.inside_bytes()};
}

bool is_looking(State state) {
  return state == State::waiting || state == State::asking || state == State::searching;
}

}  // namespace

void PeerPath::start(const MtuSetup& mtu, const session::PathMtu::Setup& setup,
                     plane::DataPlane& plane, plane::PeerIndex index, Instant now) {
  if (mtu.automatic) finder_.start(setup, traffic_of(plane, index), now);
}

bool PeerPath::run(plane::DataPlane& plane, plane::PeerIndex index, Instant now) {
  if (finder_.state() == State::off) return false;
  if (finder_.deadline().due(now)) finder_.tick(traffic_of(plane, index), now);
  for (const Buffer& probe : finder_.take_probes()) plane.send_payload(index, probe);
  return finder_.take_news();
}

void fit_path(plane::PeerSpec& spec, const session::Frame& frame, const MtuSetup& mtu,
              const session::PathMtu& finder) {
  if (finder.state() == State::off) return;
  const auto& [up, down] = finder.found();
  const bool known = up != 0 && down != 0;
  const auto mss = [&](unsigned outer) {
    return session::mss_clamp(frame, {Mssfix::Kind::mtu, std::min(outer, mtu.mssfix.value)});
  };
  // What a peer's kernel cuts on its way arrives whole: TCP is told the smaller of both.
  if (known) spec.mss = mss(std::min(up, down));
  if (!known && is_looking(finder.state())) spec.mss = mss(careful_outer);
  // Nothing is fragmented outside: not even what an Ethernet does not take.
  if (!finder.all_fits_up()) spec.inner_most = session::outer_room(frame, known ? up : usual_outer);
}

void tell_path(const Log& log, const plane::PeerSpec& spec, const session::PathMtu& finder) {
  if (finder.state() == State::silent) {
    log.info(3, "Path MTU: unknown, for the peer answers no questions about it; TCP MSS {}",
             spec.mss);
    return;
  }
  const auto& [up, down] = finder.found();
  log.info(3, "Path MTU: {} to the peer, {} from it, found by probing; TCP MSS {}", up, down,
           spec.mss);
}

std::optional<Buffer> answer_inside(const wire::OccMessage& question, const std::string& options) {
  constexpr std::size_t head = wire::occ_magic.size() + 1;
  switch (static_cast<wire::OccType>(question.type)) {
    case wire::OccType::request: {
      std::string text = options;
      text.push_back('\0');
      return wire::encode_occ(wire::OccType::reply, as_bytes(text));
    }
    case wire::OccType::mtu_load_request: {
      if (question.rest.size() < 2) return std::nullopt;
      const std::size_t wanted = load_u16(question.rest.data());
      const std::size_t bytes = std::clamp(wanted, head, largest_load);
      return wire::encode_occ(wire::OccType::mtu_load, Buffer(bytes - head));
    }
    default:
      return std::nullopt;
  }
}

}  // namespace adit::node
