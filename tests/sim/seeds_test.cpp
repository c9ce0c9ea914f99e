// Thousands of runs, each drawn from a seed.
//
//   SEEDS=10000   how many (1000 unless told)
//   SEED=17       that one alone; ADIT_SIM_LOG=4 prints what the nodes say

#include <atomic>
#include <cstdlib>
#include <mutex>
#include <thread>

#include <gtest/gtest.h>

#include "tests/sim/scenario.h"

namespace adit::sim {
namespace {

std::uint64_t number_from(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text != nullptr ? std::strtoull(text, nullptr, 10) : otherwise;
}

TEST(Seeds, all_end_established_with_data_and_renewed_keys) {
  if (std::getenv("SEED") != nullptr) {
    const std::uint64_t seed = number_from("SEED", 1);
    const Verdict verdict = play(seed);
    EXPECT_EQ(verdict.failure, "") << verdict.description;
    return;
  }
  const std::uint64_t count = number_from("SEEDS", 1000);
  std::atomic<std::uint64_t> next{1};
  std::mutex mutex;
  std::vector<std::string> failures;
  const auto work = [&] {
    for (std::uint64_t seed = next++; seed <= count; seed = next++) {
      const Verdict verdict = play(seed);
      if (verdict.failure.empty()) continue;
      const std::lock_guard lock(mutex);
      failures.push_back("seed " + std::to_string(seed) + ": " + verdict.failure +
                         "\n  drew: " + verdict.description +
                         "\n  replay: make replay SEED=" + std::to_string(seed));
    }
  };
  std::vector<std::thread> workers;
  for (unsigned i = 0; i < std::max(1u, std::thread::hardware_concurrency()); ++i) {
    workers.emplace_back(work);
  }
  for (std::thread& worker : workers) worker.join();
  std::printf("%llu seeds played, %zu failed\n", static_cast<unsigned long long>(count),
              failures.size());
  for (const std::string& failure : failures) ADD_FAILURE() << failure;
}

TEST(Seeds, play_the_same_again) {
  const Verdict first = play(42);
  const Verdict second = play(42);
  EXPECT_EQ(first.description, second.description);
  EXPECT_EQ(first.failure, second.failure);
}

}  // namespace
}  // namespace adit::sim
