// What sealing and opening a packet costs, by cipher, engine and length of the run.
//
// usage: bench_crypto [BYTES [CIPHER[/DIGEST]...]]

#include <chrono>
#include <cstdio>

#include "base/text.h"
#include "crypto/data_pair.h"
#include "system/random.h"

namespace adit {
namespace {

constexpr std::size_t room_bytes = 2048;
constexpr std::size_t front_room = 128;
constexpr std::size_t pool_packets = 176;  // fits the cache of a core; a multiple of the runs
constexpr std::array<std::size_t, 3> run_lengths{1, 8, 44};
constexpr int rounds = 7;

double nanoseconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - start).count();
}

// Packets that are sealed and opened again and again.
class Pool {
 public:
  explicit Pool(std::size_t bytes) : storage_(room_bytes * pool_packets) {
    for (std::size_t i = 0; i < pool_packets; ++i) {
      const MutableBytes room = MutableBytes(storage_).subspan(i * room_bytes, room_bytes);
      packets_.emplace_back(room, front_room, bytes);
    }
    for (Packet& packet : packets_) {
      run_.push_back(&packet);
      openings_.push_back({&packet});
    }
  }

  bool seal(crypto::Sealer& sealer, std::size_t length) {
    for (std::size_t at = 0; at < pool_packets; at += length) {
      if (sealer.seal(std::span(run_).subspan(at, length), 1000) != length) return false;
    }
    return true;
  }

  bool open(crypto::Opener& opener, std::size_t length) {
    bool opened = true;
    for (std::size_t at = 0; at < pool_packets; at += length) {
      const auto run = std::span(openings_).subspan(at, length);
      opener.open(run, Instant(std::chrono::seconds(1)));
      for (const crypto::Opening& opening : run) opened = opened && opening.verdict == Drop::none;
    }
    return opened;
  }

 private:
  Buffer storage_;
  std::vector<Packet> packets_;
  std::vector<Packet*> run_;
  std::vector<crypto::Opening> openings_;
};

struct Cost {
  double seal = 1e9, open = 1e9;  // nanoseconds per packet
};

bool measure(crypto::DataPair& pair, std::size_t bytes, std::size_t length, Cost& best) {
  Pool pool(bytes);
  for (int round = 0; round < rounds; ++round) {
    Cost cost{0, 0};
    constexpr int repeats = 40;
    for (int i = 0; i < repeats; ++i) {
      const auto start = std::chrono::steady_clock::now();
      if (!pool.seal(pair.sealer(), length)) return false;
      cost.seal += nanoseconds_since(start);
      const auto middle = std::chrono::steady_clock::now();
      if (!pool.open(pair.opener(), length)) return false;
      cost.open += nanoseconds_since(middle);
    }
    constexpr double packets = double{pool_packets} * repeats;
    best.seal = std::min(best.seal, cost.seal / packets);
    best.open = std::min(best.open, cost.open / packets);
  }
  return true;
}

bool show(const std::string& name, crypto::Engine engine, const char* engine_name,
          std::size_t bytes) {
  const auto words = split(name, '/');
  crypto::DataFormat format{.cipher = crypto::find_cipher(words.front()), .digest = {}};
  if (format.cipher == nullptr) return false;
  if (words.size() > 1) format.digest = crypto::find_digest(words[1]);
  system::SystemRng rng;
  auto pair = crypto::DataPair::make(format, engine, rng);
  if (!pair) return false;
  std::printf("%-22s %-9s", name.c_str(), engine_name);
  for (const std::size_t length : run_lengths) {
    Cost cost;
    if (!measure(**pair, bytes, length, cost)) return false;
    std::printf("   %6.0f %6.0f", cost.seal, cost.open);
  }
  std::printf("\n");
  return true;
}

int run(std::size_t bytes, const std::vector<std::string>& ciphers) {
  std::printf("ns per packet of %zu bytes, best of %d: seal and open in runs of 1, 8, 44\n", bytes,
              rounds);
  const auto fast = crypto::choose_engine(crypto::Engine::automatic);
  std::printf("auto: %s %s\n", fast->name.c_str(), fast->missed.c_str());
  for (const std::string& cipher : ciphers) {
    bool shown = show(cipher, crypto::Engine::openssl, "openssl", bytes);
    for (const auto& [engine, name] : {std::pair(crypto::Engine::ipsec_mb, "ipsec-mb"),
                                       std::pair(crypto::Engine::vaes, "vaes")}) {
      if (crypto::choose_engine(engine)) shown = shown && show(cipher, engine, name, bytes);
    }
    if (!shown) std::printf("%s: cannot be measured\n", cipher.c_str());
  }
  return 0;
}

}  // namespace
}  // namespace adit

int main(int argc, char** argv) {
  std::vector<std::string> words(argv + 1, argv + argc);
  const std::size_t bytes = words.empty() ? 1400 : std::stoul(words.front());
  if (!words.empty()) words.erase(words.begin());
  if (words.empty()) {
    words = {"AES-128-GCM",      "AES-192-GCM",      "AES-256-GCM",        "CHACHA20-POLY1305",
             "AES-128-CBC/SHA1", "AES-256-CBC/SHA1", "AES-256-CBC/SHA256", "AES-256-CBC/SHA512"};
  }
  return adit::run(bytes, words);
}
