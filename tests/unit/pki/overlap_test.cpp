#include "pki/overlap.h"

#include <gtest/gtest.h>

#include "tests/unit/pki/scratch.h"

namespace adit::pki {
namespace {

std::vector<Overlap> sample_overlaps() {
  return {{"AA", days_later(10), "BB", "anna"},
          {"BB", days_later(5), "CC", "anna"},
          {"DD", days_later(7), "EE", "bert smith"}};
}

TEST(CertificateOverlap, is_read_back_as_it_was_written) {
  const std::string text = render_overlaps(sample_overlaps());
  EXPECT_NE(text.find("AA\t261202100127Z\tBB\tanna\n"), std::string::npos) << text;
  const auto again = parse_overlaps(text, "overlap.txt");
  ASSERT_TRUE(again);
  EXPECT_EQ(render_overlaps(*again), text);
  EXPECT_TRUE(parse_overlaps("", "overlap.txt")->empty());
}

TEST(CertificateOverlap, names_the_line_that_cannot_be_read) {
  for (const char* line : {"AA", "AA\tnow\tBB\tanna", "aa\t261202100127Z\tBB\tanna",
                           "AA\t261202100127Z\tB\tanna", "AA\t261202100127Z\tBB\tanna\tmore"}) {
    const auto refused = parse_overlaps(std::string("# heading\n") + line, "overlap.txt");
    ASSERT_FALSE(refused) << line;
    EXPECT_EQ(refused.error().what, "cannot read line 2 of overlap.txt");
  }
}

TEST(CertificateOverlap, knows_everything_that_a_certificate_followed) {
  EXPECT_EQ(predecessors(sample_overlaps(), "CC"), (std::vector<std::string>{"BB", "AA"}));
  EXPECT_TRUE(predecessors(sample_overlaps(), "AA").empty());
  const std::vector<Overlap> circle{{"AA", noon, "BB", "x"}, {"BB", noon, "AA", "x"}};
  EXPECT_EQ(predecessors(circle, "AA"), (std::vector<std::string>{"BB", "AA"}));
}

TEST(CertificateOverlap, tells_when_the_next_list_is_wanted) {
  EXPECT_EQ(first_overlap_end(render_overlaps(sample_overlaps())), days_later(5));
  EXPECT_EQ(first_overlap_end(render_overlaps({})), std::nullopt);
  EXPECT_EQ(first_overlap_end("rubbish"), std::nullopt);
}

class FlatDirectory : public ScratchTest {};

TEST_F(FlatDirectory, is_not_opened_but_told_to_be_imported_and_stays_as_it_is) {
  std::filesystem::create_directories(root());
  put("index.txt", "");
  put("ca.crt", "x");
  EXPECT_NE(why_not_opened().find("adit pki import " + root()), std::string::npos);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(root()), {}), 2);
}

}  // namespace
}  // namespace adit::pki
