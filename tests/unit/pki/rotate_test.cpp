#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "tests/unit/pki/scratch.h"
#include "tests/unit/pki/verification.h"

namespace adit::pki {
namespace {

namespace fs = std::filesystem;

class AuthorityRotation : public ScratchTest {
 protected:
  AuthorityRotation() {
    make_authority();
    issue(Kind::server, "gw");
    issue(Kind::client, "anna");
    issue(Kind::client, "bert");
    issue(Kind::client, "gone");
    revoke("gone");
    old_ca_ = text_of("ca.crt");
    old_anna_ = text_of("issued/anna.crt");
  }

  template <typename Call>
  Rotation call(Call&& what) {
    auto authority = Authority::open(root());
    EXPECT_TRUE(authority) << authority.error().text();
    const Result<Rotation> rotation = what(*authority);
    EXPECT_TRUE(rotation) << rotation.error().text();
    return rotation.value_or(Rotation{});
  }
  template <typename Call>
  std::string why_not(Call&& what) {
    auto authority = Authority::open(root());
    const Result<Rotation> rotation = what(*authority);
    return rotation ? "it was done" : rotation.error().text();
  }
  auto starting() {
    return [this](Authority& a) { return a.start_rotation({.common_name = ""}, rng_, later); };
  }
  auto servers(bool force = false) {
    return [this, force](Authority& a) { return a.rotate_servers({.force = force}, rng_, later); };
  }
  auto clients() {
    return [this](Authority& a) { return a.rotate_clients({}, rng_, later); };
  }
  auto finishing(bool force = false) {
    return [this, force](Authority& a) { return a.finish_rotation(force, later); };
  }
  static std::vector<std::string> names_of(const std::vector<Entry>& entries) {
    std::vector<std::string> names;
    for (const Entry& entry : entries) names.push_back(entry.name);
    return names;
  }
  // As somebody who trusts these authorities sees the first certificate of a file that may hold
  // more: those may lead to an authority.
  std::string seen(const std::string& shown, const std::string& trusted, int purpose) {
    X509_STORE* store = X509_STORE_new();
    for (const Certificate& each : all_in(trusted)) X509_STORE_add_cert(store, each.get());
    const auto chain = all_in(shown);
    STACK_OF(X509)* others = sk_X509_new_null();
    for (std::size_t i = 1; i < chain.size(); ++i) sk_X509_push(others, chain[i].get());
    X509_STORE_CTX* context = X509_STORE_CTX_new();
    X509_STORE_CTX_init(context, store, chain.front().get(), others);
    X509_STORE_CTX_set_purpose(context, purpose);
    X509_STORE_CTX_set_time(context, 0, later.seconds);
    X509_verify_cert(context);
    std::string verdict = X509_verify_cert_error_string(X509_STORE_CTX_get_error(context));
    X509_STORE_CTX_free(context);
    sk_X509_free(others);
    X509_STORE_free(store);
    return verdict;
  }
  static std::vector<Certificate> all_in(const std::string& pem) {
    std::vector<Certificate> all;
    const Bio bio = bio_of(pem);
    while (Certificate next{PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)}) {
      all.push_back(std::move(next));
    }
    return all;
  }

  WallTime later = days_later(30);
  std::string old_ca_;
  std::string old_anna_;
};

TEST_F(AuthorityRotation, is_none_at_first) {
  const auto authority = Authority::open(root());
  const Rotation rotation = authority->rotation(later);
  EXPECT_EQ(rotation.stage, RotationStage::none);
  EXPECT_EQ(rotation.from.name, "adit CA");
  EXPECT_FALSE(rotation.to);
}

TEST_F(AuthorityRotation, starts_with_both_authorities_in_the_bundle_and_the_old_one_signing) {
  const Rotation rotation = call(starting());
  EXPECT_EQ(rotation.stage, RotationStage::started);
  EXPECT_EQ(rotation.to->name, "adit CA 2");
  EXPECT_EQ(names_of(rotation.servers_left), std::vector<std::string>{"gw"});
  EXPECT_EQ(names_of(rotation.clients_left), (std::vector<std::string>{"anna", "bert"}));
  EXPECT_EQ(text_of("ca.crt"), old_ca_);
  EXPECT_EQ(all_in(text_of("ca-bundle.crt")).size(), 2u);
  EXPECT_EQ(export_client("anna", later).ca, text_of("ca-bundle.crt"));
  issue(Kind::client, "carl", later);
  EXPECT_EQ(seen(text_of("issued/carl.crt"), old_ca_, X509_PURPOSE_SSL_CLIENT), "ok");
}

TEST_F(AuthorityRotation, gives_servers_a_certificate_that_old_and_new_clients_believe) {
  call(starting());
  const Rotation rotation = call(servers());
  EXPECT_EQ(rotation.stage, RotationStage::switched);
  EXPECT_EQ(rotation.renewed, std::vector<std::string>{"gw"});
  EXPECT_TRUE(rotation.servers_left.empty());
  const std::string shown = text_of("issued/gw.crt");
  EXPECT_EQ(seen(shown, old_ca_, X509_PURPOSE_SSL_SERVER), "ok");
  EXPECT_EQ(seen(shown, text_of("ca.crt"), X509_PURPOSE_SSL_SERVER), "ok");
  EXPECT_EQ(seen(shown, text_of("ca-bundle.crt"), X509_PURPOSE_SSL_SERVER), "ok");
}

TEST_F(AuthorityRotation, lets_servers_believe_old_and_new_clients_and_refuse_revoked_ones) {
  call(starting());
  call(servers());
  const Rotation rotation = call(clients());
  EXPECT_EQ(rotation.renewed, (std::vector<std::string>{"anna", "bert"}));
  EXPECT_TRUE(rotation.clients_left.empty());
  EXPECT_EQ(names_of(rotation.not_exported), (std::vector<std::string>{"anna", "bert"}));
  const std::string bundle = text_of("ca-bundle.crt");
  EXPECT_EQ(seen(old_anna_, bundle, X509_PURPOSE_SSL_CLIENT), "ok");
  EXPECT_EQ(seen(text_of("issued/anna.crt"), bundle, X509_PURPOSE_SSL_CLIENT), "ok");
  const std::string new_anna = text_of("issued/anna.crt");
  revoke("anna", Reason::unspecified, later);
  EXPECT_EQ(verify(old_anna_, old_ca_, text_of("crl.pem"), X509_PURPOSE_ANY, later),
            "certificate revoked");
  EXPECT_EQ(verify(new_anna, text_of("ca.crt"), text_of("crl.pem"), X509_PURPOSE_ANY, later),
            "certificate revoked");
  EXPECT_EQ(verify(text_of("issued/bert.crt"), text_of("ca.crt"), text_of("crl.pem"),
                   X509_PURPOSE_ANY, later),
            "ok");
}

TEST_F(AuthorityRotation, finishes_only_when_nobody_is_left_behind) {
  EXPECT_NE(why_not(finishing()).find("no change of authority"), std::string::npos);
  call(starting());
  EXPECT_NE(why_not(finishing()).find("rotate-ca server"), std::string::npos);
  EXPECT_NE(why_not(clients()).find("rotate-ca server"), std::string::npos);
  call(servers());
  EXPECT_NE(why_not(finishing())
                .find("clients still have certificates of the old authority: "
                      "anna, bert"),
            std::string::npos);
  call(clients());
  export_client("anna", later);
  EXPECT_NE(why_not(finishing()).find("no profile was made with the new certificates of: bert"),
            std::string::npos);
  export_client("bert", later);
  EXPECT_EQ(call(finishing()).stage, RotationStage::none);
}

TEST_F(AuthorityRotation, ends_with_the_new_authority_alone) {
  call(starting());
  call(servers());
  call(clients());
  export_client("anna", later);
  export_client("bert", later);
  call(finishing());
  EXPECT_EQ(text_of("ca-bundle.crt"), text_of("ca.crt"));
  EXPECT_EQ(all_in(text_of("issued/gw.crt")).size(), 1u);
  EXPECT_TRUE(fs::is_empty(path("rotation")));
  EXPECT_EQ(std::distance(fs::directory_iterator(path("retired")), {}), 2);
  EXPECT_EQ(verify(text_of("issued/anna.crt"), text_of("ca.crt"), text_of("crl.pem"),
                   X509_PURPOSE_SSL_CLIENT, later),
            "ok");
  EXPECT_EQ(seen(old_anna_, text_of("ca-bundle.crt"), X509_PURPOSE_SSL_CLIENT),
            "unable to get local issuer certificate");
  for (const Entry& entry : list(later)) {
    const bool valid = entry.not_before >= later || entry.kind == Kind::ca;
    EXPECT_EQ(entry.state == State::valid, valid) << entry.name << entry.serial;
  }
  EXPECT_TRUE(Authority::open(root())->repairs().empty());
}

TEST_F(AuthorityRotation, can_be_followed_by_another) {
  for (const char* name : {"adit CA 2", "adit CA 3"}) {
    EXPECT_EQ(call(starting()).to->name, name);
    call(servers());
    call(finishing(true));
    EXPECT_EQ(list(later).front().name, name);
  }
}

TEST_F(AuthorityRotation, forced_leaves_clients_behind_and_their_names_free) {
  call(starting());
  call(servers());
  call(finishing(true));
  issue(Kind::client, "anna", later);
  EXPECT_EQ(seen(text_of("issued/anna.crt"), text_of("ca.crt"), X509_PURPOSE_SSL_CLIENT), "ok");
}

TEST_F(AuthorityRotation, goes_its_way_client_by_client_too) {
  call(starting());
  call(servers());
  {
    auto authority = Authority::open(root());
    ASSERT_TRUE(authority->renew({.name = named("anna")}, rng_, later));
    EXPECT_EQ(names_of(authority->rotation(later).clients_left), std::vector<std::string>{"bert"});
  }
  EXPECT_EQ(call(clients()).renewed, std::vector<std::string>{"bert"});
}

TEST_F(AuthorityRotation, without_the_old_key_says_who_would_be_cut_off) {
  fs::remove(path("private/ca.key"));
  EXPECT_FALSE(call(starting()).bridged);
  EXPECT_NE(why_not(servers()).find("anna, bert would no longer trust the server"),
            std::string::npos);
  const Rotation rotation = call(servers(true));
  EXPECT_EQ(rotation.stage, RotationStage::switched);
  issue(Kind::client, "carl", later);
  // The old authority's list is still there, and what it signed cannot be revoked one by one.
  EXPECT_EQ(verify(old_anna_, old_ca_, text_of("crl.pem"), X509_PURPOSE_ANY, later), "ok");
  EXPECT_NE(why_not_revoked("anna", later).find("key of the authority that signed it"),
            std::string::npos);
}

TEST_F(AuthorityRotation, repeated_stages_change_nothing) {
  call(starting());
  const std::string next = text_of("rotation/next.crt");
  call(starting());
  EXPECT_EQ(text_of("rotation/next.crt"), next);
  call(servers());
  const std::string server = text_of("issued/gw.crt");
  EXPECT_TRUE(call(servers()).renewed.empty());
  EXPECT_EQ(text_of("issued/gw.crt"), server);
  EXPECT_NE(why_not(starting()).find("under way"), std::string::npos);
}

TEST_F(AuthorityRotation, does_not_call_the_new_authority_like_the_old_one) {
  EXPECT_NE(why_not([&](Authority& a) {
              return a.start_rotation({.common_name = "adit CA"}, rng_, later);
            }).find("must not be called like the old one"),
            std::string::npos);
}

TEST_F(AuthorityRotation, cuts_a_long_name_between_two_letters) {
  std::filesystem::remove_all(root());
  std::string letters;
  for (int i = 0; i < 31; ++i) letters += "\u00e4";
  ASSERT_TRUE(Authority::create(root(), {.common_name = "x" + letters}, rng_, noon));
  const Rotation rotation = call(starting());
  ASSERT_TRUE(rotation.to);
  EXPECT_EQ(rotation.to->name, "x" + letters.substr(0, 58) + " 2");
}

TEST_F(AuthorityRotation, changes_with_the_servers_what_states_no_use) {
  sign_again(issue(Kind::server, "old-gw"), {{NID_ext_key_usage, nullptr}});
  const Rotation started = call(starting());
  EXPECT_EQ(names_of(started.clients_left), (std::vector<std::string>{"anna", "bert"}));
  EXPECT_EQ(names_of(started.servers_left), (std::vector<std::string>{"gw", "old-gw"}));
  EXPECT_EQ(call(servers()).renewed, (std::vector<std::string>{"gw", "old-gw"}));
  const std::string shown = text_of("issued/old-gw.crt");
  EXPECT_EQ(seen(shown, old_ca_, X509_PURPOSE_SSL_SERVER), "ok");
  EXPECT_EQ(seen(shown, text_of("ca.crt"), X509_PURPOSE_SSL_SERVER), "ok");
}

TEST_F(AuthorityRotation, asks_for_the_owners_of_what_states_no_use_before_it_finishes) {
  sign_again(issue(Kind::client, "carl"), {{NID_ext_key_usage, nullptr}});
  call(starting());
  call(servers());
  const Rotation rotation = call(clients());
  EXPECT_EQ(names_of(rotation.not_exported), (std::vector<std::string>{"anna", "bert"}));
  EXPECT_EQ(names_of(rotation.unstated), std::vector<std::string>{"carl"});
  export_client("anna", later);
  export_client("bert", later);
  EXPECT_NE(why_not(finishing()).find("certificates that state no use may be clients'"),
            std::string::npos);
  call(finishing(true));
  EXPECT_EQ(all_in(text_of("issued/carl.crt")).size(), 1u);
}

// openssl req -x509 with a configuration of one's own.
TEST_F(AuthorityRotation, follows_an_authority_that_has_no_key_identifier) {
  old_ca_ = signed_again(
      old_ca_, text_of("private/ca.key"),
      {{NID_subject_key_identifier, nullptr}, {NID_authority_key_identifier, nullptr}});
  put("ca.crt", old_ca_);
  EXPECT_TRUE(call(starting()).bridged);
  call(servers());
  const std::string shown = text_of("issued/gw.crt");
  EXPECT_EQ(seen(shown, old_ca_, X509_PURPOSE_SSL_SERVER), "ok");
  EXPECT_EQ(seen(shown, text_of("ca.crt"), X509_PURPOSE_SSL_SERVER), "ok");
  EXPECT_EQ(call(clients()).renewed, (std::vector<std::string>{"anna", "bert"}));
  call(finishing(true));
  EXPECT_EQ(seen(text_of("issued/anna.crt"), text_of("ca.crt"), X509_PURPOSE_SSL_CLIENT), "ok");
}

TEST_F(AuthorityRotation, protects_the_new_key_when_asked) {
  auto authority = Authority::open(
      root(), {.ask = [](const std::string&) { return std::optional(SecretText("open sesame")); },
               .watch = {}});
  ASSERT_TRUE(authority->start_rotation(
      {.common_name = "New", .passphrase = SecretText("open sesame")}, rng_, later));
  ASSERT_TRUE(authority->rotate_servers({}, rng_, later));
  EXPECT_TRUE(text_of("private/ca.key").starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----"));
  EXPECT_EQ(names_of(authority->rotation(later).clients_left),
            (std::vector<std::string>{"anna", "bert"}));
}

}  // namespace
}  // namespace adit::pki
