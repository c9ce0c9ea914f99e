#include "node/admission.h"

#include <gtest/gtest.h>

namespace adit::node {
namespace {

using Verdict = Admission::Verdict;

wire::SessionId id(std::uint8_t first) { return {{first, 1, 1, 1, 1, 1, 1, 1}}; }

TEST(Admission, is_given_when_nobody_was_asked) {
  EXPECT_EQ(Admission(id(1), 0).verdict(), Verdict::admitted);
}

TEST(Admission, waits_for_everybody_who_was_asked) {
  Admission admission(id(1), 0);
  for (const Judge who : {Judge::tls_verify, Judge::script, Judge::manager}) admission.ask(who);
  EXPECT_EQ(admission.agree(Judge::script), Verdict::waiting);
  EXPECT_EQ(admission.agree(Judge::script), Verdict::waiting);  // once is all it has
  EXPECT_EQ(admission.agree(Judge::plugin), Verdict::waiting);  // was not asked
  EXPECT_EQ(admission.agree(Judge::tls_verify), Verdict::waiting);
  EXPECT_TRUE(admission.waits_for(Judge::manager));
  EXPECT_EQ(admission.agree(Judge::manager), Verdict::admitted);
}

TEST(Admission, ends_with_the_first_no_and_its_reason) {
  Admission admission(id(1), 0);
  for (const Judge who : {Judge::tls_verify, Judge::script, Judge::plugin}) admission.ask(who);
  EXPECT_EQ(admission.refuse(Judge::script, "account locked"), Verdict::refused);
  EXPECT_EQ(admission.refuse(Judge::plugin, "something else"), Verdict::refused);
  EXPECT_EQ(admission.agree(Judge::tls_verify), Verdict::refused);
  EXPECT_EQ(admission.refused_by(), Judge::script);
  EXPECT_EQ(admission.told(), "account locked");
}

TEST(Admission, is_not_refused_by_somebody_without_a_say) {
  Admission admission(id(1), 0);
  admission.ask(Judge::script);
  EXPECT_EQ(admission.refuse(Judge::manager, "no"), Verdict::waiting);
  EXPECT_EQ(admission.agree(Judge::script), Verdict::admitted);
  EXPECT_EQ(admission.refuse(Judge::script, "changed my mind"), Verdict::admitted);
}

TEST(Admissions, keep_key_exchanges_apart) {
  Admissions admissions;
  admissions.open(id(1), 1).ask(Judge::script);
  admissions.open(id(2), 0).ask(Judge::manager);
  ASSERT_NE(admissions.find(id(1), 1), nullptr);
  EXPECT_TRUE(admissions.find(id(1), 1)->waits_for(Judge::script));
  EXPECT_EQ(admissions.find(id(1), 0), nullptr);
  admissions.close(id(1), 1);
  EXPECT_EQ(admissions.find(id(1), 1), nullptr);
  EXPECT_TRUE(admissions.find(id(2), 0)->waits_for(Judge::manager));
}

TEST(Admissions, begin_anew_for_the_same_key_exchange_and_stay_few) {
  Admissions admissions;
  admissions.open(id(1), 0).ask(Judge::script);
  admissions.open(id(1), 0);
  EXPECT_FALSE(admissions.find(id(1), 0)->waits_for(Judge::script));
  for (std::uint8_t n = 2; n < 100; ++n) admissions.open(id(n), 0);
  EXPECT_EQ(admissions.find(id(1), 0), nullptr);
  EXPECT_NE(admissions.find(id(99), 0), nullptr);
}

}  // namespace
}  // namespace adit::node
