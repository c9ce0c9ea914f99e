#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <openssl/pem.h>

#include "node/identity_setup.h"
#include "options/parser.h"
#include "pki/authority.h"
#include "tests/sim/fakes.h"
#include "tests/sim/seeded_rng.h"
#include "tests/unit/tls/made_bundle.h"

namespace adit::node {
namespace {

const WallTime made_at{1795342000};

// Files of which each has the version that it was given.
class Disk final : public ports::StorePort {
 public:
  Result<std::string> read(const std::string& path) override {
    const auto found = files.find(path);
    if (found == files.end() || unreadable.contains(path)) return fail("cannot open {}", path);
    return found->second.text;
  }
  Status rewrite(const std::string& path, std::string_view text) override {
    put(path, std::string(text));
    return {};
  }
  bool exists(const std::string& path) override { return files.contains(path); }
  std::vector<std::string> list(const std::string&, std::size_t) override { return {}; }
  std::optional<std::uint64_t> version(const std::string& path) override {
    const auto found = files.find(path);
    if (found == files.end()) return std::nullopt;
    return found->second.version;
  }
  Result<std::string> create_temporary(const std::string&, std::string_view,
                                       std::string_view) override {
    return fail("no room");
  }
  void remove(const std::string& path) override { files.erase(path); }
  void put(const std::string& path, std::string text) { files[path] = {std::move(text), ++last_}; }

  struct File {
    std::string text;
    std::uint64_t version = 0;
  };
  std::map<std::string, File> files;
  std::set<std::string> unreadable;

 private:
  std::uint64_t last_ = 0;
};

class IdentityReload : public testing::Test {
 protected:
  IdentityReload() {
    std::filesystem::remove_all(dir_);
    authority_.emplace(*pki::Authority::create(dir_, {}, rng_, made_at));
    issue(pki::Kind::server, "one");
    issue(pki::Kind::server, "two");
    disk.put("ca.crt", file("ca.crt"));
    put_pair("one");
    disk.put("crl.pem", file("crl.pem"));
    load();
  }
  ~IdentityReload() override { std::filesystem::remove_all(dir_); }

  void issue(pki::Kind kind, const std::string& name) {
    EXPECT_TRUE(authority_->issue({.kind = kind, .name = *pki::Name::parse(name)}, rng_, made_at));
  }
  std::string file(const std::string& name) const {
    std::ifstream in(dir_ + "/" + name);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void put_pair(const std::string& name) {
    disk.put("server.crt", file("issued/" + name + ".crt"));
    disk.put("server.key", file("private/" + name + ".key"));
  }
  // Later lines replace those before.
  options::Config config_with(const std::string& lines, const std::string& before = pem_files) {
    const std::string text =
        "mode server\ntls-server\ndev tun\nserver 10.8.0.0 255.255.255.0\ndh none\n" + before;
    options::Parsed parsed = options::parse_text(text + lines, "server.conf");
    options::complete(parsed);
    keep_key_files(parsed.config, disk);
    return std::move(parsed.config);
  }
  static constexpr const char* pem_files =
      "ca ca.crt\ncert server.crt\nkey server.key\ncrl-verify crl.pem\n";
  void load(const std::string& lines = pem_files, const SecretText& passphrase = {}) {
    auto loaded = Identity::load(config_with("", lines), true, disk, passphrase);
    ASSERT_TRUE(loaded) << loaded.error().text();
    identity = std::move(*loaded);
  }
  IdentityNews after_looks(int count) {
    IdentityNews all;
    for (int i = 0; i < count; ++i) {
      identity->look();
      IdentityNews news = identity->take_news();
      std::ranges::copy(news.told, std::back_inserter(all.told));
      std::ranges::copy(news.warned, std::back_inserter(all.warned));
      all.renewed |= news.renewed;
      all.revocations |= news.revocations;
    }
    return all;
  }

  Disk disk;
  std::unique_ptr<Identity> identity;
  std::optional<pki::Authority> authority_;

 private:
  std::string dir_ = testing::TempDir() + "/adit_reload" + std::to_string(getpid());
  sim::SeededRng rng_{7};
};

TEST_F(IdentityReload, a_connected_client_keeps_its_own_pair_until_it_comes_back) {
  const IdentityNews begun = after_looks(1);
  EXPECT_TRUE(begun.told.empty());
  identity->hold_own(true);
  put_pair("two");
  EXPECT_TRUE(after_looks(3).told.empty());
  EXPECT_TRUE(identity->holds_back());
  EXPECT_EQ(identity->in_use().cert.text, file("issued/one.crt"));
  disk.put("ca.crt", file("ca.crt") + "\n");
  EXPECT_TRUE(after_looks(1).renewed) << "whom it trusts is another thing";
  EXPECT_EQ(identity->in_use().cert.text, file("issued/one.crt"));
  identity->hold_own(false);
  EXPECT_EQ(after_looks(1).told.size(), 1u);
  EXPECT_EQ(identity->in_use().cert.text, file("issued/two.crt"));
  EXPECT_FALSE(identity->holds_back());
}

TEST_F(IdentityReload, nothing_is_said_while_nothing_changes) {
  const IdentityNews news = after_looks(10);
  EXPECT_TRUE(news.told.empty() && news.warned.empty());
  disk.put("server.crt", file("issued/one.crt"));  // touched, the same inside
  EXPECT_FALSE(after_looks(10).renewed);
}

TEST_F(IdentityReload, a_renewed_pair_is_taken_up) {
  after_looks(2);
  put_pair("two");
  const IdentityNews news = after_looks(1);
  EXPECT_TRUE(news.renewed);
  ASSERT_EQ(news.told.size(), 1u);
  EXPECT_NE(news.told[0].find("CN=two"), std::string::npos) << news.told[0];
  EXPECT_EQ(identity->in_use().cert.text, file("issued/two.crt"));
}

TEST_F(IdentityReload, half_a_pair_waits_for_the_other_half) {
  after_looks(2);
  disk.put("server.crt", file("issued/two.crt"));
  IdentityNews news = after_looks(2);
  EXPECT_TRUE(news.warned.empty());
  EXPECT_EQ(identity->in_use().cert.text, file("issued/one.crt"));
  disk.put("server.key", file("private/two.key"));
  news = after_looks(1);
  EXPECT_TRUE(news.renewed);
  EXPECT_TRUE(news.warned.empty());
}

TEST_F(IdentityReload, a_pair_that_stays_wrong_is_told_of_once) {
  after_looks(2);
  disk.put("server.crt", file("issued/two.crt"));
  const IdentityNews news = after_looks(20);
  EXPECT_FALSE(news.renewed);
  ASSERT_EQ(news.warned.size(), 1u);
  EXPECT_NE(news.warned[0].find("does not belong to"), std::string::npos) << news.warned[0];
}

TEST_F(IdentityReload, a_key_that_cannot_be_read_any_more_is_told_of_once_with_the_cure) {
  disk.unreadable.insert("server.key");
  const IdentityNews news = after_looks(20);
  ASSERT_EQ(news.warned.size(), 1u);
  EXPECT_NE(news.warned[0].find("server.key"), std::string::npos) << news.warned[0];
  EXPECT_NE(news.warned[0].find("\"user\""), std::string::npos) << news.warned[0];
}

TEST_F(IdentityReload, a_new_certificate_for_a_key_that_cannot_be_read_is_taken_up) {
  disk.unreadable.insert("server.key");
  after_looks(5);
  const std::string chained = file("issued/one.crt") + file("ca.crt");
  disk.put("server.crt", chained);
  EXPECT_TRUE(after_looks(1).renewed);
  EXPECT_EQ(identity->in_use().cert.text, chained);
}

TEST_F(IdentityReload, a_new_list_asks_for_a_look_at_everybody) {
  issue(pki::Kind::client, "client1");
  EXPECT_FALSE(after_looks(3).revocations);
  ASSERT_TRUE(authority_->revoke(*pki::Name::parse("client1"), {}, made_at));
  disk.put("crl.pem", file("crl.pem"));
  const IdentityNews news = after_looks(1);
  EXPECT_TRUE(news.revocations);
  ASSERT_EQ(news.told.size(), 1u);
  EXPECT_EQ(identity->in_use().crl.text, file("crl.pem"));
}

TEST_F(IdentityReload, garbage_leaves_the_old_list_and_is_told_of_once) {
  after_looks(1);
  disk.put("crl.pem", "garbage");
  IdentityNews news = after_looks(20);
  EXPECT_FALSE(news.revocations);
  ASSERT_EQ(news.warned.size(), 1u);
  EXPECT_NE(news.warned[0].find("the changed CRL is not used"), std::string::npos);
  disk.put("crl.pem", file("crl.pem"));
  EXPECT_TRUE(after_looks(1).revocations);
}

// ---- another root directory ----

TEST_F(IdentityReload, the_list_is_that_of_the_jail_before_and_after_the_change_of_root) {
  const std::string inside = file("crl.pem");
  disk.put("/jail/lists/crl.pem", inside);
  disk.put("lists/crl.pem", "not to be read");
  const std::string own = "ca ca.crt\ncert server.crt\nkey server.key\n";
  load(own + "crl-verify lists/crl.pem\nchroot /jail\n");
  EXPECT_EQ(identity->in_use().crl.text, inside);
  EXPECT_TRUE(after_looks(3).warned.empty());
  disk.put("lists/crl.pem", inside);  // the same file, seen from there
  identity->enter_root();
  IdentityNews news = after_looks(3);
  EXPECT_TRUE(news.told.empty() && news.warned.empty() && !news.revocations);
  issue(pki::Kind::client, "client1");
  ASSERT_TRUE(authority_->revoke(*pki::Name::parse("client1"), {}, made_at));
  disk.put("lists/crl.pem", file("crl.pem"));
  EXPECT_TRUE(after_looks(1).revocations);
  EXPECT_EQ(identity->in_use().crl.text, file("crl.pem"));
}

TEST_F(IdentityReload, a_list_that_changed_on_the_way_into_the_jail_counts) {
  disk.put("/jail/crl.pem", file("crl.pem"));
  load(std::string(pem_files) + "chroot /jail\n");
  issue(pki::Kind::client, "client1");
  ASSERT_TRUE(authority_->revoke(*pki::Name::parse("client1"), {}, made_at));
  disk.put("crl.pem", file("crl.pem"));
  identity->enter_root();
  EXPECT_TRUE(identity->take_news().revocations);
}

TEST_F(IdentityReload, a_restart_in_the_jail_reads_the_list_by_its_own_name) {
  const options::Config config = config_with("", std::string(pem_files) + "chroot /jail\n");
  EXPECT_FALSE(Identity::load(config, true, disk, {}));
  EXPECT_TRUE(Identity::load(config, true, disk, {}, {}, nullptr, true));
}

// ---- another configuration ----

TEST_F(IdentityReload, another_configuration_is_loaded_first_and_used_at_once) {
  after_looks(2);
  disk.put("other.crt", file("issued/two.crt"));
  disk.put("other.key", file("private/two.key"));
  auto prepared = identity->prepare(config_with("cert other.crt\nkey other.key\n"));
  ASSERT_TRUE(prepared) << prepared.error().text();
  EXPECT_EQ(identity->in_use().cert.text, file("issued/one.crt"));
  identity->become(std::move(*prepared));
  EXPECT_EQ(identity->in_use().cert.text, file("issued/two.crt"));
  const IdentityNews news = after_looks(1);
  EXPECT_TRUE(news.renewed && news.warned.empty());
  put_pair("two");  // of the former configuration: nobody looks after it any more
  EXPECT_FALSE(after_looks(3).renewed);
}

TEST_F(IdentityReload, a_configuration_that_cannot_be_loaded_changes_nothing) {
  const auto prepared = identity->prepare(config_with("cert missing.crt\nkey server.key\n"));
  ASSERT_FALSE(prepared);
  EXPECT_NE(prepared.error().text().find("missing.crt"), std::string::npos);
  EXPECT_EQ(identity->in_use().cert.text, file("issued/one.crt"));
}

TEST_F(IdentityReload, another_list_counts_at_once) {
  ASSERT_TRUE(authority_->revoke(*pki::Name::parse("two"), {}, made_at));
  disk.put("other.pem", file("crl.pem"));
  after_looks(2);
  auto prepared = identity->prepare(config_with("crl-verify other.pem\n"));
  ASSERT_TRUE(prepared) << prepared.error().text();
  identity->become(std::move(*prepared));
  EXPECT_EQ(identity->in_use().crl.text, file("crl.pem"));
  const IdentityNews news = after_looks(1);
  EXPECT_TRUE(news.revocations);
  ASSERT_EQ(news.told.size(), 1u);
  EXPECT_NE(news.told[0].find("other.pem"), std::string::npos);
}

TEST_F(IdentityReload, every_line_about_handshakes_is_in_use_afterwards) {
  const tls::Setup before = identity->in_use();
  const auto differs = [&](const std::string& lines, auto what) {
    auto prepared = identity->prepare(config_with(lines));
    ASSERT_TRUE(prepared) << lines << prepared.error().text();
    identity->become(std::move(*prepared));
    EXPECT_NE(what(before), what(identity->in_use())) << lines;
  };
  const auto of = [](auto member) { return [member](const tls::Setup& s) { return s.*member; }; };
  const auto peer = [](auto member) {
    return [member](const tls::Setup& s) { return s.peer.*member; };
  };
  using tls::PeerPolicy;
  differs("tls-version-min 1.3\n", of(&tls::Setup::version_min));
  differs("tls-version-max 1.2\n", of(&tls::Setup::version_max));
  differs("tls-cipher TLS-ECDHE-ECDSA-WITH-AES-256-GCM-SHA384\n", of(&tls::Setup::ciphers));
  differs("tls-ciphersuites TLS_AES_256_GCM_SHA384\n", of(&tls::Setup::ciphersuites));
  differs("tls-groups X25519\n", of(&tls::Setup::groups));
  differs("tls-cert-profile preferred\n", of(&tls::Setup::profile));
  differs("verify-x509-name one name\n", peer(&PeerPolicy::name));
  differs("remote-cert-tls client\n", peer(&PeerPolicy::usage));
  differs("remote-cert-ku 80\n", peer(&PeerPolicy::key_usage));
  differs("remote-cert-eku \"TLS Web Client Authentication\"\n",
          peer(&PeerPolicy::extended_key_usage));
  differs("verify-client-cert optional\n", peer(&PeerPolicy::presence));
}

// ---- everything in one file ----

template <auto read, auto free_function>
auto from_pem(const std::string& text) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new_mem_buf(text.data(), -1), &BIO_free);
  return std::unique_ptr<std::remove_pointer_t<decltype(read(nullptr, nullptr, nullptr, nullptr))>,
                         decltype(free_function)>(read(bio.get(), nullptr, nullptr, nullptr),
                                                  free_function);
}

std::string bundle_of(const std::string& cert, const std::string& key, const std::string& ca) {
  const auto own = from_pem<PEM_read_bio_X509, &X509_free>(cert);
  const auto above = from_pem<PEM_read_bio_X509, &X509_free>(ca);
  const auto secret = from_pem<PEM_read_bio_PrivateKey, &EVP_PKEY_free>(key);
  return tls::made_bundle(own.get(), secret.get(), above.get(), "pw");
}

class BundledIdentity : public IdentityReload {
 protected:
  std::string bundle(const std::string& name) const {
    return bundle_of(file("issued/" + name + ".crt"), file("private/" + name + ".key"),
                     file("ca.crt"));
  }
};

TEST_F(BundledIdentity, brings_its_authority_where_none_is_named) {
  disk.put("me.p12", bundle("one"));
  load("pkcs12 me.p12\n", SecretText("pw"));
  EXPECT_EQ(identity->in_use().ca.text, file("ca.crt"));
  EXPECT_TRUE(identity->in_use().extra_certs.text.empty());
}

TEST_F(BundledIdentity, sends_its_authority_along_where_another_is_trusted) {
  disk.put("me.p12", bundle("one"));
  disk.put("more.crt", file("issued/two.crt"));
  load("pkcs12 me.p12\nca ca.crt\nextra-certs more.crt\n", SecretText("pw"));
  const std::string& along = identity->in_use().extra_certs.text;
  EXPECT_NE(along.find(file("issued/two.crt")), std::string::npos);
  EXPECT_NE(along.find(file("ca.crt")), std::string::npos);
}

TEST_F(BundledIdentity, is_taken_up_when_it_is_replaced) {
  disk.put("me.p12", bundle("one"));
  load("pkcs12 me.p12\n", SecretText("pw"));
  after_looks(2);
  disk.put("me.p12", bundle("two"));
  const IdentityNews news = after_looks(1);
  ASSERT_EQ(news.told.size(), 1u);
  EXPECT_NE(news.told[0].find("CN=two"), std::string::npos) << news.told[0];
  disk.put("me.p12", "half of it");
  EXPECT_FALSE(after_looks(4).warned.empty());
}

}  // namespace
}  // namespace adit::node
