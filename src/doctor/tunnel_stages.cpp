#include "doctor/tunnel_stages.h"

#include <algorithm>

#include "base/text.h"
#include "doctor/echo.h"
#include "doctor/handshake_words.h"

namespace adit::doctor {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t most_echo_bytes = 3800;  // what fits a datagram of ours
constexpr std::size_t throughput_bytes = 1400;
constexpr unsigned least_good_mtu = 1280;
constexpr const char* tunnel_id = "tunnel-address";
constexpr const char* tunnel_name = "tunnel address";
constexpr const char* size_id = "largest-packet";
constexpr const char* size_name = "largest packet";
constexpr const char* throughput_id = "throughput";

std::string megabits(double bytes_per_second) {
  return fmt::format("{:.1f} Mbit/s", bytes_per_second * 8 / 1e6);
}

std::string described(const ProbeSession& session) {
  const session::Session& inside = session.client().session();
  std::string text = fmt::format("in {}", milliseconds(session.up_after()));
  if (inside.tls() != nullptr) {
    const std::string whole = inside.tls()->description();
    text += ", " + whole.substr(0, whole.find(", peer certificate"));
    if (const auto* peer = inside.tls()->peer().own())
      text += fmt::format(", server \"{}\"", printable(peer->common_name));
  }
  if (inside.negotiated()) text += ", data " + inside.negotiated()->cipher;
  return text;
}

// Begins a session; nothing: error holds why it could not even begin.
std::unique_ptr<ProbeSession> begin(ProbeProfile& profile, const ip::Endpoint& endpoint,
                                    const node::ClientSetup& setup, const Surroundings& around,
                                    Duration patience, std::string& error) {
  around.step("asking " + endpoint.text());
  auto session = ProbeSession::open(setup, profile.credentials(), endpoint, around.rng);
  if (!session) {
    error = session.error().text();
    return nullptr;
  }
  (*session)->connect(patience);
  return std::move(*session);
}

void test_size(Report& report, Inside& inside, const InsidePlan& plan, const ip::Address& host,
               Rng& rng) {
  if (!plan.no_size.empty()) return report.not_tested(size_id, size_name, plan.no_size);
  const std::size_t most = std::min<std::size_t>(plan.mtu, most_echo_bytes);
  const auto largest = largest_packet(inside, rng, *own_towards(plan, host), host, most);
  if (!largest) {
    return report.failed(size_id, size_name, "packets of 576 bytes are lost, small ones pass",
                         "something on the way drops large packets: try \"mssfix 1300\" on both "
                         "sides");
  }
  if (*largest == most) {
    return report.ok(size_id, size_name,
                     fmt::format("{} bytes (the whole tun-mtu{})", most,
                                 most < plan.mtu ? ", as far as it is tested" : ""));
  }
  const std::string cure =
      *largest >= least_good_mtu
          ? std::string()
          : fmt::format("lower it on both sides: \"tun-mtu {}\" or \"mssfix {}\"", *largest,
                        *largest > 40 ? *largest - 40 : *largest);
  report.ok(size_id, size_name,
            fmt::format("{} bytes of {} pass without being cut: the way outside takes no more",
                        *largest, plan.mtu),
            cure);
}

void test_throughput(Report& report, Inside& inside, const InsidePlan& plan,
                     const ip::Address& host, Rng& rng, Duration time) {
  if (time <= Duration::zero()) {
    return report.not_tested(throughput_id, throughput_id, "not asked for");
  }
  const auto done = throughput(inside, rng, *own_towards(plan, host), host, throughput_bytes, time);
  if (done.answered == 0) {
    return report.not_tested(throughput_id, throughput_id,
                             fmt::format("no echo of {} bytes came back", throughput_bytes));
  }
  const double lost = done.sent > 0 ? 100.0 - 100.0 * static_cast<double>(done.answered) /
                                                  static_cast<double>(done.sent)
                                    : 0;
  std::string text =
      fmt::format("{} there and as much back (echoes of {} bytes for {:.1f} s",
                  megabits(done.bytes_per_second), throughput_bytes, in_seconds(time));
  if (lost >= 1) text += fmt::format(", {:.0f}% lost", lost);
  report.ok(throughput_id, throughput_id, text + ")");
}

}  // namespace

std::string milliseconds(Duration time) {
  const double ms = std::chrono::duration<double, std::milli>(time).count();
  return ms < 10 ? fmt::format("{:.1f} ms", ms) : fmt::format("{:.0f} ms", ms);
}

std::unique_ptr<ProbeSession> shake_hands(Report& report, ProbeProfile& profile,
                                          const std::vector<ip::Endpoint>& endpoints,
                                          const options::Connection& connection,
                                          node::ClientSetup& setup, const Surroundings& around,
                                          const Limits& limits) {
  constexpr const char *port = "port", *port_name = "port answers", *handshake = "handshake";
  auto made = profile.setup(connection);
  if (!made) {
    report.failed(port, port_name, made.error().what, made.error().advice);
    report.not_tested(handshake, handshake, "the profile's keys cannot be used");
    return nullptr;
  }
  setup = std::move(*made);
  std::unique_ptr<ProbeSession> session;
  std::string error = "it has no address";
  for (const ip::Endpoint& endpoint : endpoints) {
    session = begin(profile, endpoint, setup, around, limits.patience, error);
    if (session && session->client().answered()) break;
  }
  if (!session) {
    report.failed(port, port_name, error, "look at this host's routes and addresses");
  } else if (!session->client().answered()) {
    const Told told = words_for_silence(*session, setup, limits.patience);
    report.failed(port, port_name, told.evidence, told.cure);
  }
  if (!session || !session->client().answered()) {
    report.not_tested(handshake, handshake, "the server's port does not answer");
    return nullptr;
  }
  report.ok(port, port_name,
            fmt::format("{} {} answers in {}", setup.tcp ? "tcp" : "udp", session->server().text(),
                        milliseconds(session->answered_after())));
  if (!session->up()) {
    const Told told = words_for_failure(*session);
    report.failed(handshake, handshake, told.evidence, told.cure);
    return nullptr;
  }
  report.ok(handshake, handshake, described(*session));
  return session;
}

std::optional<ip::Address> own_towards(const InsidePlan& plan, const ip::Address& host) {
  return host.is_v6() ? plan.own6 : plan.own4;
}

std::optional<ip::Address> test_tunnel_address(Report& report, Inside& inside,
                                               const InsidePlan& plan, Rng& rng,
                                               const Limits& limits) {
  Asked asked;
  std::vector<ip::Address> hosts;
  for (const bool v6 : {false, true}) {
    std::vector<ip::Address> family;
    std::ranges::copy_if(plan.far_end, std::back_inserter(family), [&](const ip::Address& host) {
      return host.is_v6() == v6 && own_towards(plan, host);
    });
    if (asked.answer || family.empty()) continue;
    asked = ask_hosts(inside, rng, *own_towards(plan, family.front()), family, limits.for_hosts);
    hosts.insert(hosts.end(), family.begin(), family.end());
  }
  if (hosts.empty()) {
    skip_tunnel_address(report, "the far end's address is not known here");
    return std::nullopt;
  }
  if (asked.answer) {
    report.ok(tunnel_id, tunnel_name,
              fmt::format("{} answers in {}", asked.answer->from.text(),
                          milliseconds(asked.answer->round_trip)));
    return asked.answer->from;
  }
  const std::string heard = asked.complaint.empty() ? "" : "; " + asked.complaint;
  report.failed(tunnel_id, tunnel_name,
                fmt::format("{} does not answer an echo request through the tunnel{}",
                            hosts.front().text(), heard),
                "let packets of the tunnel's device in on the far end (its firewall), and look "
                "whether its tunnel device is up");
  return std::nullopt;
}

void test_capacity(Report& report, Inside& inside, const InsidePlan& plan,
                   const std::optional<ip::Address>& host, Rng& rng, const Limits& limits) {
  if (!host) return skip_capacity(report, "the tunnel address does not answer");
  test_size(report, inside, plan, *host, rng);
  test_throughput(report, inside, plan, *host, rng, limits.throughput);
}

void skip_tunnel_address(Report& report, const std::string& why) {
  report.not_tested(tunnel_id, tunnel_name, why);
}

void skip_capacity(Report& report, const std::string& why) {
  report.not_tested(size_id, size_name, why);
  report.not_tested(throughput_id, throughput_id, why);
}

}  // namespace adit::doctor
