#include "pki/index.h"

#include <gtest/gtest.h>

namespace adit::pki {
namespace {

// Written by easy-rsa 3.1.
constexpr const char* stock =
    "V\t290224100127Z\t\t9ED146A989AC0BD980A28E4EE8CD3DF6\tunknown\t/CN=server\n"
    "R\t290224100129Z\t261122100131Z\tF0263B95757319F0B5D746CBC7835652\tunknown\t/CN=revoked1\n"
    "R\t290224100129Z\t261122100131Z,keyCompromise\tA9\tunknown\t/CN=revoked2\n"
    "E\t250224100129Z\t\t01\tunknown\t/C=DE/O=Org/CN=old/emailAddress=a@b\n"
    "V\t20510101000000Z\t\t0203\tunknown\t/CN=Anna Smith\n";

Index parsed(std::string_view text) {
  auto index = Index::parse(text, "index.txt");
  EXPECT_TRUE(index) << index.error().text();
  return index.value_or(Index{});
}

TEST(CertificateIndex, reproduces_a_stock_index_byte_for_byte) {
  EXPECT_EQ(parsed(stock).render(), stock);
}

TEST(CertificateIndex, knows_names_states_and_reasons) {
  const Index index = parsed(stock);
  ASSERT_EQ(index.rows().size(), 5u);
  EXPECT_EQ(index.rows()[0].common_name(), "server");
  EXPECT_EQ(index.rows()[0].not_after, (WallTime{1866621687}));
  EXPECT_EQ(index.rows()[1].revocation->at, (WallTime{1795341691}));
  EXPECT_EQ(index.rows()[1].revocation->reason, "");
  EXPECT_EQ(index.rows()[2].revocation->reason, "keyCompromise");
  EXPECT_EQ(index.rows()[3].common_name(), "old");
  EXPECT_EQ(index.rows()[3].mark, Row::Mark::expired);
  EXPECT_EQ(index.rows()[4].common_name(), "Anna Smith");
}

TEST(CertificateIndex, finds_by_serial_and_by_name) {
  Index index = parsed(stock);
  EXPECT_EQ(index.find("0203")->common_name(), "Anna Smith");
  EXPECT_EQ(index.find("FF"), nullptr);
  EXPECT_EQ(index.named("server").size(), 1u);
  index.add({.serial = "FF", .subject = "/CN=server"});
  EXPECT_EQ(index.named("server").size(), 2u);
  EXPECT_NE(index.find("FF"), nullptr);
}

TEST(CertificateIndex, marks_a_row_revoked) {
  Index index = parsed("V\t290224100127Z\t\t9ED1\tunknown\t/CN=server\n");
  index.revoke("9ED1", {{1795341691}, "superseded"});
  EXPECT_EQ(index.render(),
            "R\t290224100127Z\t261122100131Z,superseded\t9ED1\tunknown\t/CN=server\n");
}

TEST(CertificateIndex, lets_time_and_mark_decide_whether_a_certificate_is_usable) {
  const Index index = parsed(stock);
  EXPECT_TRUE(index.rows()[0].usable({1866621687}));
  EXPECT_FALSE(index.rows()[0].usable({1866621688}));
  EXPECT_FALSE(index.rows()[1].usable({0}));
  EXPECT_FALSE(index.rows()[3].usable({0}));
}

TEST(CertificateIndex, forgives_comments_blank_lines_and_foreign_line_ends) {
  const Index index = parsed("# note\n\nV\t290224100127Z\t\tAA\tunknown\t/CN=a\r\n");
  EXPECT_EQ(index.render(), "V\t290224100127Z\t\tAA\tunknown\t/CN=a\n");
}

TEST(CertificateIndex, names_file_line_and_fault_of_what_it_cannot_read) {
  constexpr std::pair<const char*, const char*> cases[]{
      {"V\t290224100127Z\t\tAA\tunknown\n", "six columns"},
      {"X\t290224100127Z\t\tAA\tunknown\t/CN=a\n", "first column"},
      {"V\tsoon\t\tAA\tunknown\t/CN=a\n", "second column"},
      {"R\t290224100127Z\t\tAA\tunknown\t/CN=a\n", "third column"},
      {"V\t290224100127Z\t\tAAA\tunknown\t/CN=a\n", "fourth column"},
      {"V\t290224100127Z\t\taa\tunknown\t/CN=a\n", "fourth column"},
  };
  for (const auto& [line, fault] : cases) {
    const auto index = Index::parse(std::string("# first\n") + line, "x/index.txt");
    ASSERT_FALSE(index) << line;
    EXPECT_NE(index.error().what.find("line 2 of x/index.txt"), std::string::npos);
    EXPECT_NE(index.error().what.find(fault), std::string::npos) << index.error().what;
    EXPECT_FALSE(index.error().advice.empty());
  }
}

}  // namespace
}  // namespace adit::pki
