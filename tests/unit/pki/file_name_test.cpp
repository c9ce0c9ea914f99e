// easy-rsa asks for a common name when it makes a request: it need not be that of the files.

#include "tests/unit/pki/scratch.h"

namespace adit::pki {
namespace {

namespace fs = std::filesystem;

class FileNames : public ScratchTest {
 protected:
  FileNames() {
    make_authority();
    issue(Kind::server, "vpn.example.com");
    anna_ = issue(Kind::client, "Anna Smith").serial;
    issue(Kind::client, "bert");
    call_files("vpn.example.com", "server");
    call_files("Anna Smith", "anna");
  }
  void call_files(const std::string& common_name, const std::string& file) {
    fs::rename(path("issued/" + common_name + ".crt"), path("issued/" + file + ".crt"));
    fs::rename(path("private/" + common_name + ".key"), path("private/" + file + ".key"));
  }
  std::string file_of(const std::string& serial) {
    for (const Entry& entry : list()) {
      if (entry.serial == serial) return entry.file;
    }
    return "no such serial";
  }
  Renewed renew(const std::string& name) {
    auto authority = Authority::open(root());
    auto renewed = authority->renew({.name = named(name), .new_key = true}, rng_, noon);
    EXPECT_TRUE(renewed) << renewed.error().text();
    return renewed.value_or(Renewed{});
  }

  std::string anna_;
};

TEST_F(FileNames, are_in_the_list_beside_the_common_name) {
  const auto entries = list();
  ASSERT_EQ(entries.size(), 4u);
  EXPECT_EQ(entries[0].file, "");  // the authority
  EXPECT_EQ(entries[1].name, "vpn.example.com");
  EXPECT_EQ(entries[1].file, "server");
  EXPECT_EQ(entries[2].name, "Anna Smith");
  EXPECT_EQ(entries[2].file, "anna");
  EXPECT_EQ(entries[3].file, "bert");
}

TEST_F(FileNames, of_copies_are_those_that_are_called_like_the_certificate) {
  fs::copy_file(path("issued/bert.crt"), path("issued/a-copy.crt"));
  EXPECT_EQ(list()[3].file, "bert");
}

TEST_F(FileNames, stay_when_a_certificate_is_renewed_by_either_name) {
  for (const char* name : {"Anna Smith", "anna"}) {
    const std::string before = text_of("private/anna.key");
    const std::string serial = renew(name).now.serial;
    EXPECT_EQ(file_of(serial), "anna") << name;
    EXPECT_NE(text_of("private/anna.key"), before) << name;
    EXPECT_FALSE(exists("issued/Anna Smith.crt")) << name;
  }
}

TEST_F(FileNames, are_found_when_a_certificate_is_revoked_by_its_common_name) {
  EXPECT_EQ(revoke("Anna Smith").serial, anna_);
  EXPECT_FALSE(exists("issued/anna.crt"));
  EXPECT_FALSE(exists("private/anna.key"));
  EXPECT_TRUE(exists("revoked/private_by_serial/" + anna_ + ".key"));
  EXPECT_EQ(file_of(anna_), "");
}

TEST_F(FileNames, do_not_hide_a_certificate_in_force_whose_files_are_gone) {
  fs::remove(path("issued/anna.crt"));
  const Entry other = issue(Kind::client, "other");
  fs::rename(path("issued/other.crt"), path("issued/anna.crt"));
  revoke("Anna Smith");
  EXPECT_EQ(file_of(other.serial), "anna");
}

TEST_F(FileNames, do_not_matter_for_a_profile_which_bears_the_common_name) {
  for (const char* name : {"Anna Smith", "anna"}) {
    const Exported exported = export_client(name);
    EXPECT_EQ(exported.name, "Anna Smith");
    EXPECT_EQ(exported.key.reveal(), text_of("private/anna.key"));
  }
  EXPECT_TRUE(exists("tls-crypt-v2/anna.key"));
}

TEST_F(FileNames, are_shown_with_the_certificate) {
  const auto authority = Authority::open(root());
  const auto details = authority->show(named("Anna Smith"), noon);
  ASSERT_TRUE(details) << details.error().text();
  EXPECT_EQ(details->file, path("issued/anna.crt"));
  EXPECT_TRUE(details->has_key);
}

}  // namespace
}  // namespace adit::pki
