#include "doctor/echo.h"

#include <algorithm>

#include <fmt/core.h>

#include "ip/echo.h"
#include "ip/inner_packet.h"

namespace adit::doctor {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t usual_bytes = 84;  // as ping sends
constexpr Duration ask_again = 300ms;
constexpr Duration patience_for_size = 350ms;
constexpr unsigned tries_for_size = 3;
constexpr std::size_t least_size = 576;
constexpr unsigned most_under_way = 48;
constexpr Duration one_is_lost = 250ms;

Buffer request(const ip::Address& own, const ip::Address& host, std::uint64_t mark,
               std::uint16_t sequence, std::size_t bytes) {
  return ip::echo_request({own, host, mark, sequence}, std::max(bytes, ip::least_echo_bytes));
}

bool passes(Inside& inside, Rng& rng, const ip::Address& own, const ip::Address& host,
            std::size_t bytes) {
  const std::uint64_t mark = rng.number();
  for (unsigned i = 0; i < tries_for_size; ++i) {
    static_cast<void>(inside.send(request(own, host, mark, 0, bytes)));
    const Instant until = inside.now() + patience_for_size;
    while (const auto packet = inside.receive(until)) {
      if (ip::answer_to(mark, *packet) && packet->size() >= bytes) return true;
    }
  }
  return false;
}

std::string refusal_words(std::uint8_t code, bool v6) {
  constexpr std::uint8_t prohibited_v6 = 1, port_v6 = 4;
  if (v6) {
    if (code == prohibited_v6) return "administratively prohibited (a firewall)";
    return code == port_v6 ? "port unreachable" : "destination unreachable";
  }
  switch (code) {
    case 0:
      return "network unreachable";
    case 1:
      return "host unreachable";
    case 3:
      return "port unreachable";
    case 4:
      return "fragmentation needed";
    case 9:
    case 10:
    case 13:
      return "administratively prohibited (a firewall)";
    default:
      return "destination unreachable";
  }
}

// Requests that are under way, by their sequence number.
class Flow {
 public:
  Flow(Inside& inside, std::uint64_t mark, Instant now)
      : inside_(inside), mark_(mark), heard_(now) {}

  void fill(const ip::Address& own, const ip::Address& host, std::size_t bytes) {
    while (under_way_ < most_under_way) {
      const auto sequence = static_cast<std::uint16_t>(sent_);
      if (!inside_.send(request(own, host, mark_, sequence, bytes))) return;
      ++sent_;
      ++under_way_;
    }
  }

  void take(Instant until) {
    const Instant wait = std::min(until, inside_.now() + one_is_lost);
    const auto packet = inside_.receive(wait);
    if (packet && ip::answer_to(mark_, *packet)) {
      ++answered_;
      if (under_way_ > 0) --under_way_;
      heard_ = inside_.now();
    } else if (inside_.now() >= heard_ + one_is_lost) {
      under_way_ = 0;
      heard_ = inside_.now();
    }
  }

  [[nodiscard]] std::size_t sent() const { return sent_; }
  [[nodiscard]] std::size_t answered() const { return answered_; }

 private:
  Inside& inside_;
  std::uint64_t mark_;
  Instant heard_;
  std::size_t sent_ = 0, answered_ = 0;
  unsigned under_way_ = 0;
};

}  // namespace

Asked ask_hosts(Inside& inside, Rng& rng, const ip::Address& own,
                const std::vector<ip::Address>& hosts, Duration patience) {
  Asked asked;
  const std::uint64_t mark = rng.number();
  const Instant end = inside.now() + patience;
  Instant sent = inside.now();
  while (inside.now() < end && !hosts.empty()) {
    sent = inside.now();
    std::uint16_t number = 0;
    for (const ip::Address& host : hosts) {
      static_cast<void>(inside.send(request(own, host, mark, number++, usual_bytes)));
    }
    const Instant until = std::min(end, sent + ask_again);
    while (const auto packet = inside.receive(until)) {
      const auto which = ip::answer_to(mark, *packet);
      if (which && *which < hosts.size()) {
        asked.answer = Answer{hosts[*which], inside.now() - sent};
        return asked;
      }
      if (asked.complaint.empty()) asked.complaint = complaint_in(*packet);
    }
  }
  return asked;
}

std::optional<std::size_t> largest_packet(Inside& inside, Rng& rng, const ip::Address& own,
                                          const ip::Address& host, std::size_t most) {
  if (passes(inside, rng, own, host, most)) return most;
  std::size_t good = least_size, bad = most;
  if (!passes(inside, rng, own, host, good)) return std::nullopt;
  while (bad - good > 1) {
    const std::size_t middle = good + (bad - good) / 2;
    (passes(inside, rng, own, host, middle) ? good : bad) = middle;
  }
  return good;
}

Throughput throughput(Inside& inside, Rng& rng, const ip::Address& own, const ip::Address& host,
                      std::size_t bytes, Duration time) {
  const Instant begin = inside.now();
  Flow flow(inside, rng.number(), begin);
  while (inside.now() < begin + time) {
    flow.fill(own, host, bytes);
    flow.take(begin + time);
  }
  const std::chrono::duration<double> elapsed = inside.now() - begin;
  const double moved = static_cast<double>(flow.answered() * bytes);
  return {elapsed.count() > 0 ? moved / elapsed.count() : 0, flow.sent(), flow.answered()};
}

std::string complaint_in(Bytes packet) {
  constexpr std::uint8_t icmp = 1, icmpv6 = 58, unreachable_v4 = 3, unreachable_v6 = 1;
  constexpr std::size_t v6_header = 40;
  const auto inner = ip::look(packet);
  if (!inner) return {};
  const bool v6 = inner->source.is_v6();
  const std::size_t header = v6 ? v6_header : (packet[0] & 15u) * 4u;
  if (packet.size() < header + 2 || packet[v6 ? 6 : 9] != (v6 ? icmpv6 : icmp)) return {};
  if (packet[header] != (v6 ? unreachable_v6 : unreachable_v4)) return {};
  return fmt::format("{} says: {}", inner->source.text(), refusal_words(packet[header + 1], v6));
}

}  // namespace adit::doctor
