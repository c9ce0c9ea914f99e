// Rubbish in: no crash, no endless loop. The fuzzers look deeper; this keeps honest between them.

#include <ctime>
#include <filesystem>
#include <random>

#include <gtest/gtest.h>

#include "options/fuzz_entries.h"
#include "options/table.h"
#include "tests/unit/options/reading.h"

namespace adit::options::testing {
namespace {

void try_all(std::string_view text) {
  try_config(text);
  try_client_profile(text);
  try_pushed(text);
}

TEST(Robustness, takes_random_bytes) {
  std::mt19937 random(1);
  for (int round = 0; round < 1000; ++round) {
    std::string text(random() % 200, '\0');
    for (char& c : text) c = static_cast<char>(random());
    try_all(text);
  }
}

TEST(Robustness, takes_every_option_with_odd_words) {
  const char* const tails[] = {"",
                               " x",
                               " 1 2 3 4 5 6",
                               " \"\" \"\" \"\" \"\"",
                               " none",
                               " -1 -1 -1",
                               " 99999999999999999999",
                               " unix unix unix",
                               " [inline]",
                               " 10.0.0.0 255.0.0.0 x y",
                               " a,b :: ::/0 0.0.0.0/0"};
  for (const Row* row : all_rows()) {
    for (const char* tail : tails) try_all(std::string(row->name) + tail + "\n");
    try_all("<" + std::string(row->name) + ">\nx\n</" + std::string(row->name) + ">\n");
    try_all("setenv opt " + std::string(row->name) + " x\n");
  }
}

TEST(Robustness, takes_damaged_samples) {
  std::mt19937 random(7);
  const std::filesystem::path folder = ADIT_SOURCE_DIR "/tests/unit/options/configs";
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string text =
        file_content("tests/unit/options/configs/" + entry.path().filename().string());
    for (int round = 0; round < 20; ++round) {
      std::string damaged = text;
      for (int change = 0; change < 5; ++change) {
        damaged[random() % damaged.size()] = static_cast<char>(random());
      }
      damaged.resize(random() % damaged.size());
      try_all(damaged);
    }
  }
}

// Of the processor: how long it takes by the clock depends on what else runs.
std::clock_t time_for(int lines) {
  std::string text;
  for (int i = 0; i < lines; ++i) text += "\\ \"a\" 'b' <x\n";
  text += std::string(static_cast<std::size_t>(lines) * 10, '"');
  const std::clock_t begin = std::clock();
  try_all(text);
  return std::clock() - begin;
}

TEST(Robustness, takes_time_in_proportion) {
  constexpr int few = 2500, times = 4;
  EXPECT_LT(time_for(times * few), 2 * times * time_for(few));
}

TEST(Robustness, takes_blocks_in_blocks) {
  std::string text = "remote a\n";
  for (int depth = 0; depth < 1000; ++depth) text = "<connection>\n" + text + "</connection>\n";
  try_all(text);
}

}  // namespace
}  // namespace adit::options::testing
