#include <openssl/pem.h>

#include "pki/key.h"
#include "tests/unit/pki/scratch.h"

namespace adit::pki {
namespace {

class AuthorityPassphrase : public ScratchTest {
 protected:
  AuthorityPassphrase() {
    make_authority();
    protect("private/ca.key");
  }

  // Puts the key in the file under the passphrase "open sesame".
  void protect(const std::string& file) {
    const auto key = parse_key(SecretText(text_of(file)), file, {});
    const Bio bio(BIO_new(BIO_s_mem()));
    PEM_write_bio_PKCS8PrivateKey(bio.get(), key->get(), EVP_aes_256_cbc(), "open sesame", 11,
                                  nullptr, nullptr);
    put(file, std::string(text_in(bio.get())));
  }

  Result<Entry> issue_with(const AskPassphrase& ask) {
    auto authority = Authority::open(root(), {.ask = ask, .watch = {}});
    return authority->issue({.name = named("anna")}, rng_, noon);
  }
};

TEST_F(AuthorityPassphrase, opens_the_authority_s_key) {
  std::string asked_for;
  const auto entry = issue_with([&](const std::string& file) {
    asked_for = file;
    return std::optional(SecretText("open sesame"));
  });
  EXPECT_TRUE(entry);
  EXPECT_EQ(asked_for, path("private/ca.key"));
}

TEST_F(AuthorityPassphrase, when_wrong_leaves_nothing_behind) {
  const auto entry =
      issue_with([](const std::string&) { return std::optional(SecretText("abracadabra")); });
  ASSERT_FALSE(entry);
  EXPECT_NE(entry.error().what.find("the passphrase does not open"), std::string::npos);
  EXPECT_FALSE(exists("private/anna.key"));
}

TEST_F(AuthorityPassphrase, when_not_given_is_asked_for_in_the_advice) {
  for (const AskPassphrase& ask : {AskPassphrase{}, AskPassphrase([](const std::string&) {
                                     return std::optional<SecretText>();
                                   })}) {
    const auto entry = issue_with(ask);
    ASSERT_FALSE(entry);
    EXPECT_NE(entry.error().what.find("protected by a passphrase and none was given"),
              std::string::npos);
    EXPECT_FALSE(entry.error().advice.empty());
  }
}

TEST_F(AuthorityPassphrase, longer_than_openssl_takes_is_no_passphrase) {
  const auto entry = issue_with(
      [](const std::string&) { return std::optional(SecretText(std::string(9000, 'x'))); });
  EXPECT_FALSE(entry);
}

TEST_F(AuthorityPassphrase, is_not_needed_for_looking) {
  const auto authority = Authority::open(root());
  EXPECT_EQ(authority->list(noon).size(), 1u);
}

}  // namespace
}  // namespace adit::pki
