// tests/data/pitfalls.tsv names for each known pitfall the test that holds its message.

#include <set>

#include <gtest/gtest.h>

#include "base/text.h"
#include "tests/unit/options/reading.h"

namespace adit::node {
namespace {

using options::testing::file_content;

constexpr int pitfalls = 38;

TEST(Pitfalls, have_a_test_each_and_it_is_there) {
  const std::string table = file_content("tests/data/pitfalls.tsv");
  std::set<int> numbers;
  for (const std::string_view line : split(table, '\n')) {
    if (line.empty() || line.starts_with('#')) continue;
    const auto cells = split(line, '\t');
    ASSERT_EQ(cells.size(), 4u) << line;
    numbers.insert(std::stoi(std::string(cells[0])));
    const std::string test = file_content(std::string(cells[2]));
    EXPECT_NE(test.find(cells[3]), std::string::npos) << line;
  }
  EXPECT_EQ(numbers.size(), static_cast<std::size_t>(pitfalls));
  EXPECT_EQ(*numbers.begin(), 1);
  EXPECT_EQ(*numbers.rbegin(), pitfalls);
}

}  // namespace
}  // namespace adit::node
