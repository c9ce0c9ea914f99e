#include "bench/cipher_bench.h"

#include <array>

#include <fmt/core.h>

#include "crypto/data_pair.h"
#include "system/clock.h"

namespace adit::bench {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t run_packets = 64;
constexpr std::size_t front = 128, back = 64;
constexpr std::array<std::size_t, 2> sizes{1400, 64};
constexpr std::array ciphers{"AES-256-GCM", "AES-128-GCM", "CHACHA20-POLY1305", "AES-256-CBC"};
constexpr Duration for_each = 200ms;  // seal and open together

// A run of packets that is sealed and opened again and again.
class CipherRun {
 public:
  explicit CipherRun(std::size_t size) : plain_(size, 0x5A), memory_(run_packets * stride(size)) {
    for (std::size_t i = 0; i < run_packets; ++i) {
      packets_[i] = Packet(MutableBytes(memory_).subspan(i * stride(size), stride(size)), 0, 0);
      run_[i] = &packets_[i];
      openings_[i].packet = &packets_[i];
    }
  }

  // Adds the time of one run to both; false: the packets did not come out again.
  bool once(crypto::DataPair& pair, Duration& sealing, Duration& opening) {
    for (Packet& packet : packets_) packet.assign(plain_, front);
    for (crypto::Opening& each : openings_) each.verdict = Drop::none;
    const Instant begin = system::monotonic_now();
    const std::size_t sealed = pair.sealer().seal(run_, 0);
    const Instant middle = system::monotonic_now();
    pair.opener().open(openings_, middle);
    opening += system::monotonic_now() - middle;
    sealing += middle - begin;
    return sealed == run_packets &&
           std::ranges::all_of(openings_, [&](const crypto::Opening& each) {
             return each.verdict == Drop::none && each.packet->size() == plain_.size();
           });
  }

 private:
  static std::size_t stride(std::size_t size) { return front + size + back; }

  Buffer plain_;
  Buffer memory_;
  std::array<Packet, run_packets> packets_;
  std::array<Packet*, run_packets> run_{};
  std::array<crypto::Opening, run_packets> openings_;
};

struct Cost {
  double seal = 0, open = 0;  // ns a packet
};

Cost measure(const char* name, std::size_t size, crypto::Engine engine, Rng& rng) {
  crypto::DataFormat format;
  format.cipher = crypto::find_cipher(name);
  if (!format.cipher->is_aead()) format.digest = crypto::find_digest("SHA256");
  const auto pair = crypto::DataPair::make(format, engine, rng);
  if (!pair) return {};
  CipherRun run(size);
  Duration sealing{}, opening{};
  double packets = 0;
  while (sealing + opening < for_each) {
    if (!run.once(**pair, sealing, opening)) return {};
    packets += run_packets;
  }
  return {static_cast<double>(sealing.count()) / packets,
          static_cast<double>(opening.count()) / packets};
}

}  // namespace

Section measure_ciphers(crypto::Engine engine, Rng& rng, Watcher& watcher) {
  Section section{"ciphers", {}};
  std::size_t done = 0;
  for (const char* name : ciphers) {
    for (const std::size_t size : sizes) {
      const double share = static_cast<double>(done++) / (ciphers.size() * sizes.size());
      if (!watcher.go_on(share, fmt::format("ciphers: {}", name))) return section;
      const Cost cost = measure(name, size, engine, rng);
      const std::string full =
          std::string(name) + (std::string_view(name).ends_with("CBC") ? " SHA256" : "");
      section.rows.push_back({"seal " + full, size, cost.seal});
      section.rows.push_back({"open " + full, size, cost.open});
    }
  }
  return section;
}

}  // namespace adit::bench
