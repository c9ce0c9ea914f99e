// Keys with a manager and on tokens.

#include <gtest/gtest.h>

#include "tests/unit/options/reading.h"

namespace adit::options::testing {
namespace {

const std::string client = "client\ndev tun\nremote h\nca c\nremote-cert-tls server\n";
const std::string manager = "management /run/m unix\n";

TEST(KeysElsewhere, external_key_flags) {
  const Config plain =
      read_and_complete(client + manager + "cert c\nmanagement-external-key\n").config;
  ASSERT_TRUE(plain.management.external_key);
  EXPECT_TRUE(plain.management.external_key->pkcs1);
  EXPECT_FALSE(plain.management.external_key->pss || plain.management.external_key->digest);
  const Config more =
      read_and_complete(client + manager + "cert c\nmanagement-external-key pss digest nopadding\n")
          .config;
  EXPECT_TRUE(more.management.external_key->pss && more.management.external_key->digest);
  EXPECT_FALSE(more.management.external_key->pkcs1);
  EXPECT_FALSE(read_and_complete(client + manager + "cert c\nmanagement-external-key foo\n").ok());
}

TEST(KeysElsewhere, what_a_token_needs) {
  const std::string token = "pkcs11-providers a.so b.so\npkcs11-id m/x/s/t/01\n";
  const Parsed parsed =
      read_and_complete(client + token +
                        "pkcs11-pin-cache -1\npkcs11-private-mode 1 0xa\n"
                        "pkcs11-protected-authentication 0 1\npkcs11-cert-private\n");
  ASSERT_TRUE(parsed.ok());
  const Tokens& tokens = parsed.config.tokens;
  EXPECT_EQ(tokens.modules, (std::vector<std::string>{"a.so", "b.so"}));
  EXPECT_EQ(tokens.id, "m/x/s/t/01");
  EXPECT_EQ(tokens.pin_cache, -1);
  EXPECT_EQ(tokens.private_mode, (std::vector<unsigned>{1, 10}));
  EXPECT_EQ(tokens.protected_authentication, (std::vector<bool>{false, true}));
  EXPECT_EQ(tokens.certificate_is_private, std::vector<bool>{true});
  for (const char* wrong : {"cert c\n", "key k\n", "pkcs12 p\n", "pkcs11-id-management\n",
                            "pkcs11-private-mode zz\n", "pkcs11-pin-cache -2\n"}) {
    EXPECT_FALSE(read_and_complete(client + token + wrong).ok()) << wrong;
  }
  EXPECT_FALSE(read_and_complete(client + "pkcs11-providers a.so\n").ok());
  EXPECT_TRUE(read_and_complete(client + "pkcs11-providers a.so\npkcs11-id-management\n").ok());
}

TEST(KeysElsewhere, what_a_managers_key_needs) {
  const std::string key = "management-external-key\n";
  EXPECT_TRUE(read_and_complete(client + manager + key + "management-external-cert hint\n").ok());
  for (const std::string& wrong :
       {key, key + "cert c\nkey k\n", key + "cert c\nmanagement-external-cert hint\n",
        key + "pkcs12 p\n", std::string("management-external-cert hint\n")}) {
    EXPECT_FALSE(read_and_complete(client + manager + wrong).ok()) << wrong;
  }
  EXPECT_FALSE(read_and_complete(client + key + "cert c\n").ok());
  EXPECT_FALSE(read_and_complete(client + "cert c\nkey k\nmanagement-hold\n").ok());
}

}  // namespace
}  // namespace adit::options::testing
