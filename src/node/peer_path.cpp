#include "node/peer_path.h"

#include <algorithm>

#include "base/noise.h"
#include "ip/too_big.h"
#include "plane/large_flows.h"

namespace adit::node {

using session::Mssfix;
using PathState = session::PathMtu::State;

namespace {

// What TCP is told before the first answers: fits every path that is worth a tunnel.
constexpr unsigned careful_outer = 1180;
constexpr unsigned usual_outer = 1500;
// The largest load we send when asked: a tunnel packet, whatever the question says.
constexpr std::size_t largest_load = 1500;
// A kernel believes for ten minutes what it was told of a path; told again in time it keeps to it.
constexpr Duration memory_of_kernels = std::chrono::minutes(8);

session::PathMtu::Traffic traffic_of(plane::DataPlane& plane, plane::PeerIndex index) {
  const plane::PeerTraffic traffic = plane.traffic(index);
  return {traffic.received_packets, traffic.inside_bytes()};
}

bool is_looking(PathState state) {
  return state == PathState::waiting || state == PathState::asking || state == PathState::searching;
}

}  // namespace

void PeerPath::start(const MtuSetup& mtu, const session::PathMtu::Setup& setup,
                     plane::DataPlane& plane, plane::PeerIndex index, Instant now) {
  if (mtu.test) start_test(setup, now);
  if (!mtu.automatic) return;
  finder_.start(setup, traffic_of(plane, index), now);
  if (!setup.at_once) plane.await_packet(index);
}

bool PeerPath::run(plane::DataPlane& plane, plane::PeerIndex index, Instant now) {
  run_test(plane, index, now);
  if (finder_.state() == PathState::off) return false;
  if (finder_.deadline().due(now)) finder_.tick(traffic_of(plane, index), now);
  for (const Buffer& probe : finder_.take_probes()) plane.send_payload(index, probe);
  look_at_flows(plane, index, now);
  return finder_.take_news();
}

// Once for each peer.
void PeerPath::start_test(const session::PathMtu::Setup& setup, Instant now) {
  if (std::exchange(tested_, true)) return;
  test_.start(setup.frame, setup.tun_mtu, now);
  lines_.emplace_back(session::mtu_test_begins);
}

void PeerPath::run_test(plane::DataPlane& plane, plane::PeerIndex index, Instant now) {
  if (const auto payload = test_.tick(now)) plane.send_payload(index, *payload);
  const auto result = test_.take_result();
  if (!result) return;
  lines_.push_back(session::mtu_test_line(*result));
  if (finder_.state() != PathState::off) return;  // packets are fitted to the path in any case
  std::string advice = session::mtu_test_advice(*result);
  if (!advice.empty()) lines_.push_back(std::move(advice));
}

std::optional<Buffer> PeerPath::hear(Bytes payload, const session::Frame& frame,
                                     const std::string& options, Instant now) {
  const auto message = wire::decode_occ(payload);
  if (!message) return std::nullopt;
  test_.heard(*message, payload.size(), frame);
  switch (static_cast<wire::OccType>(message->type)) {
    case wire::OccType::mtu_load:
      finder_.answered(payload, now);
      return std::nullopt;
    case wire::OccType::mtu_request:
      return test_.sizes_message();
    default:
      break;
  }
  auto answer = answer_inside(*message, options);
  if (answer && message->type == static_cast<std::uint8_t>(wire::OccType::mtu_load_request)) {
    test_.answered(answer->size(), frame);
  }
  return answer;
}

// What we tell our own side reaches its senders when they try; the peer's side has to be told.
void PeerPath::look_at_flows(plane::DataPlane& plane, plane::PeerIndex index, Instant now) {
  const unsigned down = finder_.found().down;
  if (finder_.state() != PathState::settled || down == 0) return;
  const bool narrower = told_down_ != 0 && down < told_down_;
  if (down > told_down_) tell_again_ = Instant::max();
  told_down_ = down;
  if (!narrower && now < tell_again_) return;
  tell_again_ = now + memory_of_kernels;
  plane.ask_flows(index, narrower ? finder_.inner_most_down() : 0);
}

void PeerPath::echoed(Bytes report, Instant now) {
  Reader reader(report);
  const unsigned sequence = reader.u16();
  finder_.echoed(sequence, reader.u16(), now);
}

void PeerPath::too_large(Bytes report, const Log& log, Instant now) {
  const std::uint32_t mtu = Reader(report).u32();
  if (!finder_.doubted(mtu, now)) return;
  log.info(4, "Path MTU: the network says {}; looking whether that is so", mtu);
}

// A kernel believes only what quotes a byte that is under way. Those after the flow's last large
// packet may have come already, in small ones: so a little further, and much further.
void PeerPath::tell_sender(plane::DataPlane& plane, plane::PeerIndex index, Bytes flow) const {
  constexpr std::size_t largest_answer = 1280;
  const unsigned most = finder_.inner_most_down();
  if (most == 0) return;
  for (const std::uint32_t ahead : {900u, 12000u}) {
    const Buffer packet = plane::LargeFlow::rebuild(flow, ahead);
    std::array<std::uint8_t, largest_answer> room;
    const std::size_t size = ip::too_big_answer(packet, most, room);
    if (size > 0) plane.send_payload(index, Bytes(room).first(size));
  }
}

void add_echo_way(std::vector<session::PathMtu::EchoWay>& ways,
                  const std::optional<ip::Address>& from, const std::optional<ip::Address>& to) {
  if (from && to && from->family() == to->family()) ways.push_back({*from, *to});
}

void fit_path(plane::PeerSpec& spec, const session::Frame& frame, const MtuSetup& mtu,
              const session::PathMtu& finder) {
  if (finder.state() == PathState::off) return;
  spec.echo_mark = finder.echo_mark();
  spec.note_flows = true;
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
  if (finder.state() == PathState::silent) {
    log.info(
        3, "Path MTU: unknown, for the peer answers neither questions nor echo packets; TCP MSS {}",
        spec.mss);
    return;
  }
  const auto& [up, down] = finder.found();
  log.info(3, "Path MTU: {} to the peer, {} from it, found by {}; TCP MSS {}", up, down,
           how_found(finder), spec.mss);
}

const char* how_found(const session::PathMtu& finder) {
  return finder.found_by_echo() ? "echo packets inside" : "probing";
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
      Buffer load(bytes - head);
      fill_with_noise(load, wanted);
      return wire::encode_occ(wire::OccType::mtu_load, load);
    }
    default:
      return std::nullopt;
  }
}

}  // namespace adit::node
