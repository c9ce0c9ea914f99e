// Directories of other tools. They are made of our own certificates here, laid out as theirs; real
// ones are imported in the end-to-end tests.

#include <fstream>
#include <map>

#include <openssl/x509v3.h>

#include "tests/unit/pki/scratch.h"
#include "tests/unit/pki/verification.h"

namespace adit::pki {
namespace {

namespace fs = std::filesystem;

class AuthorityImport : public ScratchTest {
 protected:
  AuthorityImport() {
    make_authority();
    issue(Kind::server, "gw");
    anna_ = issue(Kind::client, "anna").serial;
    bert_ = issue(Kind::client, "bert").serial;
    revoke("bert");
    fs::create_directories(flat());
  }

  [[nodiscard]] std::string flat() const { return base_ + "/flat"; }
  [[nodiscard]] std::string target() const { return base_ + "/moved"; }
  void give(const std::string& from, const std::string& as) {
    fs::copy_file(path(from), flat() + "/" + as, fs::copy_options::overwrite_existing);
  }
  void write(const std::string& file, const std::string& text) {
    std::ofstream(flat() + "/" + file) << text;
  }
  // As easy-rsa 2.0 leaves it: bert was revoked, but his files stay.
  void make_flat() {
    give("ca.crt", "ca.crt");
    give("private/ca.key", "ca.key");
    give("index.txt", "index.txt");
    give("serial", "serial");
    give("crl.pem", "crl.pem");
    for (const char* name : {"gw", "anna"}) {
      give(std::string("issued/") + name + ".crt", std::string(name) + ".crt");
      give(std::string("private/") + name + ".key", std::string(name) + ".key");
    }
    give("revoked/certs_by_serial/" + bert_ + ".crt", "bert.crt");
    give("revoked/private_by_serial/" + bert_ + ".key", "bert.key");
    give("issued/anna.crt", anna_ + ".pem");
    write("anna.csr", "-----BEGIN CERTIFICATE REQUEST-----\n");
    write("dh2048.pem", "-----BEGIN DH PARAMETERS-----\n");
    write("ta.key", "-----BEGIN OpenVPN Static key V1-----\n");
    write("vars", "export KEY_SIZE=2048\n");
  }

  Result<Imported> import_it(WallTime now = noon, const Hooks& hooks = {}) {
    return Authority::import_from(flat(), target(), rng_, now, hooks);
  }
  Imported imported(WallTime now = noon) {
    auto done = import_it(now);
    EXPECT_TRUE(done) << done.error().text();
    return done.value_or(Imported{});
  }
  std::string why_not() {
    const auto done = import_it();
    return done ? "it was imported" : done.error().text();
  }
  [[nodiscard]] std::string moved(const std::string& file) const {
    std::ostringstream text;
    text << std::ifstream(target() + "/" + file).rdbuf();
    return text.str();
  }
  [[nodiscard]] bool is_moved(const std::string& file) const {
    return fs::exists(target() + "/" + file);
  }
  // Path and content of everything below the directory.
  static std::map<std::string, std::string> everything_in(const std::string& folder) {
    std::map<std::string, std::string> found;
    for (const auto& at : fs::recursive_directory_iterator(folder)) {
      std::ostringstream text;
      if (at.is_regular_file()) text << std::ifstream(at.path()).rdbuf();
      found[at.path().string()] = text.str();
    }
    return found;
  }
  bool noted(const Imported& report, std::string_view words) {
    for (const std::string& note : report.notes) {
      if (note.find(words) != std::string::npos) return true;
    }
    return false;
  }

  std::string anna_;
  std::string bert_;
};

TEST_F(AuthorityImport, sorts_a_flat_directory_into_the_tree) {
  make_flat();
  const auto before = everything_in(flat());
  const Imported report = imported();
  EXPECT_EQ(report.layout, SourceLayout::easyrsa_2);
  EXPECT_EQ(report.certificates, 3u);
  EXPECT_EQ(report.revoked, 1u);
  EXPECT_EQ(report.keys, 3u);
  EXPECT_TRUE(report.can_sign);
  EXPECT_EQ(everything_in(flat()), before);
  EXPECT_EQ(moved("index.txt"), text_of("index.txt"));
  EXPECT_EQ(moved("ca.crt"), text_of("ca.crt"));
  EXPECT_EQ(moved("private/ca.key"), text_of("private/ca.key"));
  EXPECT_EQ(moved("issued/anna.crt"), text_of("issued/anna.crt"));
  EXPECT_EQ(moved("private/anna.key"), text_of("private/anna.key"));
  EXPECT_TRUE(is_moved("certs_by_serial/" + anna_ + ".pem"));
  EXPECT_TRUE(is_moved("reqs/anna.req"));
  EXPECT_TRUE(is_moved("dh.pem"));
  EXPECT_TRUE(is_moved("ta.key"));
  EXPECT_TRUE(is_moved("revoked/certs_by_serial/" + bert_ + ".crt"));
  EXPECT_TRUE(is_moved("revoked/private_by_serial/" + bert_ + ".key"));
  EXPECT_FALSE(is_moved("issued/bert.crt"));
  EXPECT_TRUE(noted(report, "vars was left where it is"));
  EXPECT_FALSE(fs::exists(target() + ".import"));
}

TEST_F(AuthorityImport, goes_on_where_the_other_tool_stopped) {
  make_flat();
  imported();
  auto authority = Authority::open(target());
  ASSERT_TRUE(authority);
  EXPECT_TRUE(authority->repairs().empty());
  ASSERT_TRUE(authority->issue({.name = named("carl")}, rng_, noon));
  ASSERT_TRUE(authority->renew({.name = named("anna")}, rng_, noon));
  ASSERT_TRUE(authority->export_client(named("anna"), rng_, noon));
  ASSERT_TRUE(authority->revoke(named("gw"), Reason::superseded, noon));
  EXPECT_EQ(verify(moved("issued/carl.crt"), text_of("ca.crt"), moved("crl.pem"),
                   X509_PURPOSE_SSL_CLIENT, noon),
            "ok");
}

TEST_F(AuthorityImport, takes_loose_files_and_makes_the_index) {
  make_flat();
  fs::remove(flat() + "/index.txt");
  fs::remove(flat() + "/serial");
  const Imported report = imported();
  EXPECT_EQ(report.layout, SourceLayout::loose);
  EXPECT_EQ(report.certificates, 3u);
  EXPECT_EQ(report.revoked, 1u);  // the list told
  auto authority = Authority::open(target());
  ASSERT_TRUE(authority);
  ASSERT_TRUE(authority->publish_crl(noon));
  EXPECT_EQ(verify(text_of("revoked/certs_by_serial/" + bert_ + ".crt"), text_of("ca.crt"),
                   moved("crl.pem"), X509_PURPOSE_SSL_CLIENT, noon),
            "certificate revoked");
}

TEST_F(AuthorityImport, goes_on_revoking_what_only_the_list_remembers) {
  make_flat();
  for (const char* file : {"index.txt", "bert.crt", "bert.key"}) fs::remove(flat() + "/" + file);
  imported();
  auto authority = Authority::open(target());
  ASSERT_TRUE(authority);
  ASSERT_TRUE(authority->publish_crl(days_later(1)));
  EXPECT_EQ(verify(text_of("revoked/certs_by_serial/" + bert_ + ".crt"), text_of("ca.crt"),
                   moved("crl.pem"), X509_PURPOSE_SSL_CLIENT, days_later(1)),
            "certificate revoked");
}

TEST_F(AuthorityImport, without_the_authority_s_key_lists_and_exports_but_does_not_sign) {
  make_flat();
  fs::remove(flat() + "/ca.key");
  const Imported report = imported();
  EXPECT_FALSE(report.can_sign);
  EXPECT_TRUE(noted(report, "can list and export, but not sign"));
  auto authority = Authority::open(target());
  ASSERT_TRUE(authority);
  EXPECT_EQ(authority->list(noon).size(), 4u);
  EXPECT_TRUE(authority->export_client(named("anna"), rng_, noon));
  const auto issued = authority->issue({.name = named("carl")}, rng_, noon);
  ASSERT_FALSE(issued);
  EXPECT_NE(issued.error().what.find("cannot sign"), std::string::npos);
}

TEST_F(AuthorityImport, renews_a_list_that_has_ended) {
  make_flat();
  const Imported report = imported(days_later(200));
  EXPECT_EQ(verify(text_of("issued/anna.crt"), text_of("ca.crt"), moved("crl.pem"),
                   X509_PURPOSE_SSL_CLIENT, days_later(200)),
            "ok");
  EXPECT_FALSE(noted(report, "revocation list"));
}

TEST_F(AuthorityImport, says_when_it_cannot_renew_the_list) {
  make_flat();
  fs::remove(flat() + "/ca.key");
  EXPECT_TRUE(noted(imported(days_later(200)), "the revocation list ended on 2027-05-21"));
}

TEST_F(AuthorityImport, names_files_after_their_common_name_and_finds_keys_by_what_they_open) {
  make_flat();
  fs::remove(flat() + "/index.txt");
  fs::rename(flat() + "/gw.crt", flat() + "/server.crt");
  fs::rename(flat() + "/gw.key", flat() + "/secret.key");
  const Imported report = imported();
  EXPECT_TRUE(is_moved("issued/gw.crt"));
  EXPECT_EQ(moved("private/gw.key"), text_of("private/gw.key"));
  EXPECT_TRUE(noted(report, "server.crt goes by its common name from now on: gw"));
}

TEST_F(AuthorityImport, copies_a_tree_as_it_is) {
  const auto done = Authority::import_from(root(), target(), rng_, noon);
  ASSERT_TRUE(done) << done.error().text();
  EXPECT_EQ(done->layout, SourceLayout::easyrsa_3);
  for (const char* file : {"index.txt", "ca.crt", "private/anna.key", "issued/anna.crt", "serial",
                           "crl.pem", "tls-crypt-v2-server.key"}) {
    EXPECT_EQ(moved(file), text_of(file)) << file;
  }
}

TEST_F(AuthorityImport, finds_the_directory_below_the_one_named) {
  fs::remove_all(flat());
  fs::create_directories(flat() + "/easy-rsa");
  fs::rename(root(), flat() + "/easy-rsa/pki");
  EXPECT_EQ(imported().source, flat() + "/easy-rsa/pki");
}

TEST_F(AuthorityImport, leaves_what_another_authority_signed) {
  make_flat();
  ASSERT_TRUE(Authority::create(base_ + "/other", {.common_name = "Other"}, rng_, noon));
  {
    auto other = Authority::open(base_ + "/other");
    ASSERT_TRUE(other->issue({.name = named("mail")}, rng_, noon));
  }
  fs::copy_file(base_ + "/other/issued/mail.crt", flat() + "/mail.crt");
  EXPECT_TRUE(noted(imported(), "mail.crt was left: another authority signed it"));
  EXPECT_FALSE(is_moved("issued/mail.crt"));
}

TEST_F(AuthorityImport, repeated_does_nothing_and_says_so) {
  make_flat();
  imported();
  const auto before = everything_in(target());
  EXPECT_TRUE(imported().was_there);
  EXPECT_EQ(everything_in(target()), before);
}

TEST_F(AuthorityImport, refuses_directories_in_use_and_sources_without_an_authority) {
  EXPECT_NE(why_not().find("there is no authority in"), std::string::npos);
  make_flat();
  ASSERT_TRUE(Authority::create(target(), {.common_name = "Other"}, rng_, noon));
  EXPECT_NE(why_not().find("it holds another authority"), std::string::npos);
  fs::remove(target() + "/ca.crt");
  EXPECT_NE(why_not().find("it is not empty"), std::string::npos);
  const auto inside = Authority::import_from(flat(), flat() + "/new", rng_, noon);
  ASSERT_FALSE(inside);
  EXPECT_NE(inside.error().what.find("it lies in the directory to import"), std::string::npos);
  const auto nowhere = Authority::import_from(base_ + "/none", target(), rng_, noon);
  ASSERT_FALSE(nowhere);
  EXPECT_NE(nowhere.error().what.find("not a directory"), std::string::npos);
}

TEST_F(AuthorityImport, knows_its_own_source_by_a_relative_path_too) {
  make_flat();
  const fs::path before = fs::current_path();
  fs::current_path(flat());
  const auto inside = Authority::import_from(".", "new", rng_, noon);
  fs::current_path(before);
  ASSERT_FALSE(inside);
  EXPECT_NE(inside.error().what.find("it lies in the directory to import"), std::string::npos);
  EXPECT_FALSE(fs::exists(flat() + "/new.import"));
}

TEST_F(AuthorityImport, refuses_a_key_that_is_not_the_authority_s_and_an_index_it_cannot_read) {
  make_flat();
  give("private/anna.key", "ca.key");
  EXPECT_NE(why_not().find("ca.key does not belong"), std::string::npos);
  give("private/ca.key", "ca.key");
  write("index.txt", "nonsense\n");
  EXPECT_NE(why_not().find("line 1 of index.txt"), std::string::npos);
  EXPECT_FALSE(fs::exists(target()));
}

TEST_F(AuthorityImport, starts_anew_over_what_an_interrupted_one_left) {
  make_flat();
  fs::create_directories(target() + ".import/private");
  std::ofstream(target() + ".import/private/zz.key") << "half";
  fs::create_directories(target());
  std::ofstream(target() + "/.adit-lock") << "";
  imported();
  EXPECT_FALSE(is_moved("private/zz.key"));
}

}  // namespace
}  // namespace adit::pki
