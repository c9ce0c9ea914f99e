#include "setup/whole_profile.h"

#include <map>

#include <gtest/gtest.h>

namespace adit::setup {
namespace {

constexpr const char* head = "client\ndev tun\nremote vpn.example.net\nremote-cert-tls server\n";
constexpr const char* keys = "ca ca.crt\ncert ann.crt\nkey ann.key\n";

class Disk final : public options::Files {
 public:
  explicit Disk(std::map<std::string, std::string>& files) : files_(files) {}
  Result<std::string> read(const std::string& path) override {
    const auto found = files_.find(path);
    if (found == files_.end()) return fail("No such file or directory");
    return found->second;
  }

 private:
  std::map<std::string, std::string>& files_;
};

class WholeProfileTest : public testing::Test {
 protected:
  WholeProfile made(const std::string& text) {
    Disk readable(files);
    auto whole = make_whole(head + text, "/home/ann/office.conf", readable);
    if (whole) return std::move(*whole);
    ADD_FAILURE() << whole.error().text();
    return {};
  }
  std::string refusals(const std::string& text) {
    std::string told;
    for (const Error& error : made(text).errors) told += error.text() + "\n";
    return told;
  }

  std::map<std::string, std::string> files{
      {"/home/ann/ca.crt", "CA\n"}, {"/home/ann/ann.crt", "CERT"}, {"/home/ann/ann.key", "KEY\n"}};
};

TEST_F(WholeProfileTest, keys_go_inside_and_all_else_stays_as_it_is) {
  const auto whole = made(std::string("# ours\n") + keys + "status s.txt\nverb  3\n");
  EXPECT_TRUE(whole.errors.empty()) << whole.errors[0].text();
  EXPECT_EQ(whole.text, head + std::string("# ours\n<ca>\nCA\n</ca>\n<cert>\nCERT\n</cert>\n"
                                           "<key>\nKEY\n</key>\nstatus s.txt\nverb  3\n"));
  EXPECT_TRUE(whole.staying.empty());
  EXPECT_EQ(made(whole.text.substr(std::string(head).size())).text, whole.text);
}

TEST_F(WholeProfileTest, a_keys_direction_goes_along) {
  files["/home/ann/ta.key"] = "TA\n";
  const auto whole = made(std::string(keys) + "tls-auth ta.key 1\n");
  EXPECT_TRUE(whole.text.ends_with("<tls-auth>\nTA\n</tls-auth>\nkey-direction 1\n")) << whole.text;
}

TEST_F(WholeProfileTest, a_bundle_is_written_as_text) {
  files["/home/ann/ann.p12"] = std::string("\x30\x82\x00\xFF", 4);
  EXPECT_TRUE(made("pkcs12 ann.p12\n").text.ends_with("<pkcs12>\nMIIA/w==\n</pkcs12>\n"));
}

TEST_F(WholeProfileTest, what_cannot_stand_inside_is_named_by_its_whole_path) {
  const auto whole =
      made(std::string(keys) +
           "proto tcp-client\nscript-security 2\nup \"up.sh tun0\"\naskpass pass.txt\n"
           "crl-verify crl.pem\nhttp-proxy proxy.example.net 3128 login.txt basic\n");
  EXPECT_TRUE(whole.errors.empty()) << whole.errors[0].text();
  EXPECT_NE(whole.text.find("\nup \"/home/ann/up.sh tun0\"\naskpass /home/ann/pass.txt\n"
                            "crl-verify /home/ann/crl.pem\n"
                            "http-proxy proxy.example.net 3128 /home/ann/login.txt basic\n"),
            std::string::npos)
      << whole.text;
  ASSERT_EQ(whole.staying.size(), 4u);
  EXPECT_EQ(whole.staying[0].find("/home/ann/"), whole.staying[0].find(' ') + 1);
}

TEST_F(WholeProfileTest, absolute_paths_and_questions_are_left_alone) {
  const std::string text =
      "ca /etc/ca.crt\ncert /etc/a.crt\nkey /etc/a.key\nauth-user-pass stdin\n";
  const auto whole = made(text);
  EXPECT_TRUE(whole.errors.empty());
  EXPECT_EQ(whole.text, head + text);
}

TEST_F(WholeProfileTest, files_are_looked_for_where_the_profile_changes_to) {
  files["/etc/keys/ca.crt"] = "OTHER\n";
  const auto whole =
      made("cd /etc/keys\nca ca.crt\ncert /home/ann/ann.crt\nkey /home/ann/ann.key\n");
  EXPECT_NE(whole.text.find("<ca>\nOTHER\n</ca>"), std::string::npos) << whole.text;
}

TEST_F(WholeProfileTest, every_file_that_is_missing_is_named) {
  const std::string told = refusals("ca none.crt\ncert ann.crt\nkey none.key\n");
  EXPECT_NE(told.find("/home/ann/office.conf:5: ca none.crt: "), std::string::npos) << told;
  EXPECT_NE(told.find("key none.key"), std::string::npos) << told;
  EXPECT_EQ(told.find("ann.crt"), std::string::npos) << told;
}

TEST_F(WholeProfileTest, what_it_does_not_reach_is_refused) {
  const std::string block =
      "<connection>\nremote b.example.net\ntls-auth ta.key 1\n</connection>\n";
  EXPECT_NE(refusals(keys + block).find("tls-auth ta.key"), std::string::npos);
  Disk readable(files);
  const auto elsewhere = make_whole(std::string(head) + "cd sub\nca /c\ncert /c\nkey /c\n",
                                    "/home/ann/office.conf", readable);
  ASSERT_FALSE(elsewhere);
  EXPECT_NE(elsewhere.error().text().find("cd sub"), std::string::npos);
}

}  // namespace
}  // namespace adit::setup
