#include "setup/clients.h"

#include <filesystem>

#include <gtest/gtest.h>

#include "tests/sim/seeded_rng.h"
#include "tests/unit/setup/addresses.h"
#include "tests/unit/setup/fake_host.h"

namespace adit::setup {
namespace {

namespace fs = std::filesystem;

constexpr WallTime now{1795341687};

// A server on a fake host, with an authority in a real folder whose files are not called like their
// certificates, as easy-rsa lets them.
class ClientsOfEasyRsa : public testing::Test {
 protected:
  ClientsOfEasyRsa() {
    ServerSettings settings;
    settings.network = prefix("10.8.0.0/24");
    settings.endpoint = "vpn.example.com";
    host_.now.files["/etc/adit/server.conf"] = {new_server_conf(settings, false)};
    EXPECT_TRUE(pki_.make_authority());
    EXPECT_TRUE(pki_.issue_server("vpn.example.com"));
    EXPECT_TRUE(pki_.issue_client("Anna Smith"));
    call_files("vpn.example.com", "gateway");
    call_files("Anna Smith", "anna");
  }
  ~ClientsOfEasyRsa() override { fs::remove_all(folder_); }

  [[nodiscard]] std::string path(const std::string& file) const { return folder_ + "/pki/" + file; }
  void call_files(const std::string& common_name, const std::string& file) {
    fs::rename(path("issued/" + common_name + ".crt"), path("issued/" + file + ".crt"));
    fs::rename(path("private/" + common_name + ".key"), path("private/" + file + ".key"));
  }
  static std::string fresh_folder() {
    std::string folder = testing::TempDir() + "adit-clients-XXXXXX";
    EXPECT_NE(mkdtemp(folder.data()), nullptr);
    return folder;
  }
  static void quiet(const std::string&) {}

  sim::SeededRng rng_{1};
  std::string folder_ = fresh_folder();
  FakeHost host_;
  PkiCertificates pki_{folder_ + "/pki", rng_, now, {}};
  Clients clients_{host_, "/etc/adit", pki_, "/usr/sbin/adit"};
};

TEST_F(ClientsOfEasyRsa, the_server_certificate_goes_by_its_files) {
  EXPECT_EQ(pki_.server_name(), "gateway");
}

TEST_F(ClientsOfEasyRsa, are_known_by_either_name) {
  for (const char* name : {"Anna Smith", "anna"}) {
    EXPECT_TRUE(pki_.has_client(name));
    const auto client = clients_.find(name);
    ASSERT_TRUE(client) << client.error().text();
    EXPECT_EQ(client->certificate.name, "Anna Smith");
    EXPECT_NE(render_table({*client}, now).find("Anna Smith (anna)"), std::string::npos);
  }
  EXPECT_FALSE(clients_.find("bert"));
}

TEST_F(ClientsOfEasyRsa, are_renewed_by_either_name_and_have_one_profile) {
  for (const char* name : {"Anna Smith", "anna"}) {
    host_.now.files.erase("/etc/adit/clients/Anna Smith.ovpn");
    const auto renewed = clients_.renew({.name = *pki::Name::existing(name)}, quiet);
    ASSERT_TRUE(renewed) << renewed.error().text();
    EXPECT_TRUE(host_.now.files.contains("/etc/adit/clients/Anna Smith.ovpn")) << name;
    EXPECT_EQ(clients_.profile_path_of(name), "/etc/adit/clients/Anna Smith.ovpn");
  }
  EXPECT_EQ(clients_.list()->size(), 1u);
}

TEST_F(ClientsOfEasyRsa, leave_nothing_in_force_when_they_are_revoked) {
  for (const char* name : {"Anna Smith", "anna"}) {
    ASSERT_TRUE(clients_.write_profile(name, {}, quiet));
    host_.now.files["/etc/adit/ccd/Anna Smith"] = {"ifconfig-push 10.8.0.9 255.255.255.0\n"};
    const Status done = clients_.revoke(name, quiet);
    ASSERT_TRUE(done) << done.error().text();
    EXPECT_FALSE(fs::exists(path("issued/anna.crt"))) << name;
    EXPECT_FALSE(fs::exists(path("private/anna.key"))) << name;
    EXPECT_FALSE(host_.now.files.contains("/etc/adit/clients/Anna Smith.ovpn")) << name;
    EXPECT_FALSE(host_.now.files.contains("/etc/adit/ccd/Anna Smith")) << name;
    ASSERT_TRUE(pki_.issue_client("Anna Smith"));
    call_files("Anna Smith", "anna");
  }
}

TEST_F(ClientsOfEasyRsa, are_sites_by_their_common_name_only) {
  const Status done = clients_.carry_out({.dir = "/etc/adit"}, "anna", quiet);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().advice, "call it by its common name: \"Anna Smith\"");
  EXPECT_TRUE(clients_.carry_out({.dir = "/etc/adit"}, "Anna Smith", quiet));
}

}  // namespace
}  // namespace adit::setup
