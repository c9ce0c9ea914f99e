#include "session/mtu_test.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/noise.h"

namespace adit::session {

namespace {

constexpr Duration interval = std::chrono::seconds(3);
constexpr std::array below{1000u, 750u, 500u, 400u, 300u, 200u, 150u, 100u, 50u, 0u};
constexpr unsigned pairs_of_first = 5, pairs_of_others = 3;
constexpr unsigned steps = 2 * (pairs_of_first + pairs_of_others * (below.size() - 1));
constexpr unsigned most_questions = 10;

unsigned udp_payload(const Frame& frame, std::size_t payload) {
  constexpr unsigned headers4 = 28, headers6 = 48;
  return outer_size(frame, static_cast<unsigned>(payload)) - (frame.outer_v6 ? headers6 : headers4);
}

// How far below the largest packet a step tries. A step is a question or a load of ours, in turn.
unsigned below_of(unsigned number) {
  const unsigned pair = number / 2;
  if (pair < pairs_of_first) return below[0];
  return below.at(1 + (pair - pairs_of_first) / pairs_of_others);
}

}  // namespace

void MtuTest::start(const Frame& frame, unsigned tun_mtu, Instant now) {
  frame_ = frame;
  largest_ = udp_payload(frame, tun_mtu);
  step_ = questions_ = 0;
  next_ = now + interval;
}

std::optional<Buffer> MtuTest::tick(Instant now) {
  if (next_ > now) return std::nullopt;
  next_ = now + interval;
  if (step_ < steps) return load(step_ % 2 == 0);
  if (questions_++ < most_questions) return wire::encode_occ(wire::OccType::mtu_request);
  result_ = Result{sizes_, {}};
  next_ = Instant::max();
  return std::nullopt;
}

Buffer MtuTest::load(bool ask) {
  const unsigned wanted = largest_ > below_of(step_) ? largest_ - below_of(step_) : 0;
  ++step_;
  const unsigned payload = payload_room(frame_, wanted);
  if (ask) {
    std::array<std::uint8_t, 2> size{};
    store_u16(size.data(), static_cast<std::uint16_t>(payload));
    return wire::encode_occ(wire::OccType::mtu_load_request, size);
  }
  constexpr unsigned head = wire::occ_magic.size() + 1;
  Buffer padding(payload > head ? payload - head : 0);
  fill_with_noise(padding, step_);
  answered(padding.size() + head, frame_);
  return wire::encode_occ(wire::OccType::mtu_load, padding);
}

void MtuTest::answered(std::size_t payload_bytes, const Frame& frame) {
  sizes_.sent = std::max(sizes_.sent, udp_payload(frame, payload_bytes));
}

void MtuTest::heard(const wire::OccMessage& message, std::size_t payload_bytes,
                    const Frame& frame) {
  const auto type = static_cast<wire::OccType>(message.type);
  if (type == wire::OccType::mtu_load) {
    sizes_.received = std::max(sizes_.received, udp_payload(frame, payload_bytes));
  }
  if (type != wire::OccType::mtu_reply || !running() || questions_ == 0) return;
  Reader reader(message.rest);
  const unsigned received = reader.u16(), sent = reader.u16();
  if (!reader.ok()) return;
  result_ = Result{sizes_, {received, sent}};
  next_ = Instant::max();
}

std::optional<MtuTest::Result> MtuTest::take_result() { return std::exchange(result_, {}); }

Buffer MtuTest::sizes_message() const {
  std::array<std::uint8_t, 4> both{};
  store_u16(both.data(), static_cast<std::uint16_t>(sizes_.received));
  store_u16(both.data() + 2, static_cast<std::uint16_t>(sizes_.sent));
  return wire::encode_occ(wire::OccType::mtu_reply, both);
}

std::string mtu_test_line(const MtuTest::Result& result) {
  if (result.peers == LoadSizes()) {
    return "NOTE: failed to empirically measure MTU (requires OpenVPN 1.5 or higher at other end "
           "of connection).";
  }
  return fmt::format(
      "NOTE: Empirical MTU test completed [Tried,Actual] local->remote=[{},{}] "
      "remote->local=[{},{}]",
      result.ours.sent, result.peers.received, result.peers.sent, result.ours.received);
}

std::string mtu_test_advice(const MtuTest::Result& result) {
  const bool fits = result.peers == LoadSizes() || (result.peers.received >= result.ours.sent &&
                                                    result.ours.received >= result.peers.sent);
  if (fits) return {};
  return fmt::format(
      "NOTE: This connection is unable to accommodate a UDP packet size of {}. Consider using "
      "--fragment or --mssfix options as a workaround.",
      result.ours.sent);
}

}  // namespace adit::session
