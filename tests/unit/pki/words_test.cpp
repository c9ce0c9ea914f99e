// Names, key types, reasons and times: the small words of the authority.

#include <gtest/gtest.h>

#include "pki/calendar.h"
#include "pki/key_type.h"
#include "pki/name.h"
#include "pki/reason.h"

namespace adit::pki {
namespace {

TEST(CertificateName, accepts_what_people_call_their_machines) {
  for (const char* text : {"a", "laptop-anna", "vpn.example.com", "Anna Smith", "x_y@z", "ca2"}) {
    EXPECT_TRUE(Name::parse(text)) << text;
  }
  EXPECT_TRUE(Name::parse(std::string(64, 'n')));
}

TEST(CertificateName, refuses_what_would_leave_its_folder_or_mean_something_else) {
  for (const char* text : {"", "a/b", "..", ".hidden", "-x", "DEFAULT", "ca", " a", "a ", "a\tb",
                           "a\nb", "jos\xc3\xa9", "\x7f"}) {
    EXPECT_FALSE(Name::parse(text)) << text;
  }
  EXPECT_FALSE(Name::parse(std::string(65, 'n')));
  EXPECT_FALSE(Name::parse(std::string_view("a\0b", 3)));
}

TEST(CertificateName, explains_a_refusal_and_gives_an_example) {
  const auto refused = Name::parse("../up");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().what, "\"../up\" cannot name a certificate: it holds a '/'");
  EXPECT_NE(refused.error().advice.find("laptop-anna"), std::string::npos);
}

TEST(CertificateName, of_another_tool_may_be_anything_that_is_safe_as_a_file) {
  EXPECT_TRUE(Name::existing("jos\xc3\xa9"));
  EXPECT_TRUE(Name::existing(std::string(100, 'n')));
  for (const char* text : {"", "a/b", "..", ".hidden", "ca", "a\nb"}) {
    EXPECT_FALSE(Name::existing(text)) << text;
  }
}

TEST(CertificateKeyType, is_read_back_from_its_own_word) {
  for (const auto type : {KeyType::ecdsa_p256, KeyType::rsa_2048, KeyType::rsa_3072,
                          KeyType::rsa_4096, KeyType::ed25519}) {
    EXPECT_EQ(parse_key_type(name(type)).value(), type);
  }
  EXPECT_EQ(parse_key_type("rsa").value(), KeyType::rsa_2048);
  EXPECT_FALSE(parse_key_type("rsa1024"));
}

TEST(RevocationReason, is_read_back_from_its_own_word) {
  for (int number = 0; number <= 6; ++number) {
    const auto reason = static_cast<Reason>(number);
    EXPECT_EQ(parse_reason(name(reason)).value(), reason);
  }
  EXPECT_FALSE(parse_reason("boredom"));
}

TEST(RevocationReason, is_found_in_the_longer_columns_of_an_index) {
  EXPECT_EQ(reason_in_index("keyTime,20260101000000Z"), Reason::key_compromise);
  EXPECT_EQ(reason_in_index("CAkeyTime,20260101000000Z"), Reason::ca_compromise);
  EXPECT_EQ(reason_in_index("holdInstruction,1.2.3"), Reason::certificate_hold);
  EXPECT_EQ(reason_in_index("superseded"), Reason::superseded);
  EXPECT_EQ(reason_in_index(""), Reason::unspecified);
}

struct TimeCase {
  std::int64_t seconds;
  const char* asn1;
  const char* iso;
};

TEST(CertificateCalendar, writes_and_reads_the_time_text_of_certificates) {
  constexpr TimeCase cases[]{
      {0, "700101000000Z", "1970-01-01T00:00:00Z"},
      {1795341687, "261122100127Z", "2026-11-22T10:01:27Z"},
      {2524607999, "491231235959Z", "2049-12-31T23:59:59Z"},
      {2524608000, "20500101000000Z", "2050-01-01T00:00:00Z"},
      {1709164800, "240229000000Z", "2024-02-29T00:00:00Z"},
  };
  for (const auto& [seconds, asn1, iso] : cases) {
    EXPECT_EQ(asn1_text({seconds}), asn1);
    EXPECT_EQ(iso_text({seconds}), iso);
    EXPECT_EQ(parse_asn1_text(asn1), WallTime{seconds});
  }
  EXPECT_EQ(parse_asn1_text("500101000000Z"), (WallTime{-631152000}));
}

TEST(CertificateCalendar, reads_days_and_times_as_people_write_them) {
  EXPECT_EQ(parse_iso_text("2026-11-22T10:01:27Z"), (WallTime{1795341687}));
  EXPECT_EQ(parse_iso_text("2024-02-29"), (WallTime{1709164800}));
  for (const char* text :
       {"", "2026-02-30", "22-11-2026", "2026-11-22 10:01:27Z", "2026-11-2T", "2026:11-22"}) {
    EXPECT_FALSE(parse_iso_text(text)) << text;
  }
}

TEST(CertificateCalendar, refuses_what_is_no_time) {
  for (const char* text : {"", "Z", "261122100127", "261322100127Z", "260431000000Z",
                           "2611221001277Z", "26112210012xZ", "261122106027Z", "+61122100127Z"}) {
    EXPECT_FALSE(parse_asn1_text(text)) << text;
  }
}

}  // namespace
}  // namespace adit::pki
