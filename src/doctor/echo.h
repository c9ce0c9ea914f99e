#pragma once

#include <string>
#include <vector>

#include "base/rng.h"
#include "doctor/inside.h"

namespace adit::doctor {

// What echo requests find out. Each call takes at most the time it is given, and little more.

struct Answer {
  ip::Address from;
  Duration round_trip{};
};
// What somebody on the way said instead of an answer: "10.8.0.1: administratively prohibited".
struct Asked {
  std::optional<Answer> answer;
  std::string complaint;
};

// The first of the hosts that answers; all are asked at the same time, and again.
[[nodiscard]] Asked ask_hosts(Inside& inside, Rng& rng, const ip::Address& own,
                              const std::vector<ip::Address>& hosts, Duration patience);

// The largest IP packet (DF) that is answered, up to most; nothing: not even the smallest.
[[nodiscard]] std::optional<std::size_t> largest_packet(Inside& inside, Rng& rng,
                                                        const ip::Address& own,
                                                        const ip::Address& host, std::size_t most);

struct Throughput {
  double bytes_per_second = 0;  // there, and as many back
  std::size_t sent = 0, answered = 0;
};
// Echo requests of so many bytes, as many under way as pass, for this long.
[[nodiscard]] Throughput throughput(Inside& inside, Rng& rng, const ip::Address& own,
                                    const ip::Address& host, std::size_t bytes, Duration time);

// An ICMP error in words, with its sender; empty: it is none.
[[nodiscard]] std::string complaint_in(Bytes packet);

}  // namespace adit::doctor
