#include "app/bench_memory.h"

#include <cstdio>

#include "app/bench_signals.h"
#include "bench/cipher_bench.h"
#include "bench/offload_bench.h"
#include "bench/path_bench.h"
#include "bench/progress.h"
#include "system/clock.h"
#include "system/random.h"

namespace adit::app {

namespace {

constexpr int interrupted = 1;

// Parts of the whole in the order in which they are measured; each has its share of the bar.
class BenchWatcher final : public bench::Watcher {
 public:
  void begin(double from, double to) {
    from_ = from;
    to_ = to;
  }
  bool go_on(double share, const std::string& what) override {
    progress_.show(from_ + share * (to_ - from_), what, system::monotonic_now());
    return !signals_.came();
  }
  [[nodiscard]] bool stopped() const { return signals_.came(); }
  void clear() { progress_.clear(); }

 private:
  HeldSignals signals_;
  bench::Progress progress_;
  double from_ = 0, to_ = 1;
};

}  // namespace

int run_bench(bool json) {
  const auto engine = crypto::choose_engine(crypto::Engine::automatic);
  if (!engine) {
    std::fprintf(stderr, "adit: %s\n", engine.error().text().c_str());
    return interrupted;
  }
  system::SystemRng rng;
  BenchWatcher watcher;
  std::vector<bench::Section> sections;
  watcher.begin(0, 0.25);
  sections.push_back(bench::measure_ciphers(engine->engine, rng, watcher));
  sections.back().title += ", " + engine->name;
  watcher.begin(0.25, 0.35);
  sections.push_back(bench::measure_offloads(watcher));
  watcher.begin(0.35, 1);
  sections.push_back(bench::measure_paths({1, 100, 1000, 10000}, engine->engine, rng, watcher));
  watcher.clear();
  const std::string text =
      json ? bench::render_measurements_json(sections) : bench::render_measurements_table(sections);
  std::fputs(text.c_str(), stdout);
  return watcher.stopped() ? interrupted : 0;
}

}  // namespace adit::app
