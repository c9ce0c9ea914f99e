// The power fails before every single step that changes the file system, and the disk fills up at
// each; afterwards the directory must load, hold together, and let the command be repeated.

#include "tests/unit/pki/interruption.h"

namespace adit::pki {
namespace {

namespace fs = std::filesystem;

TEST_F(AuthorityInterruption, of_create_is_finished_by_repeating_it) {
  int step = 1;
  for (; interrupted(step, creating()); ++step) {
    const std::string key = exists("private/ca.key") ? text_of("private/ca.key") : "";
    if (!exists("index.txt")) {
      ASSERT_EQ(why_not_created(), "it was created") << "after step " << step - 1;
    }
    EXPECT_TRUE(key.empty() || text_of("private/ca.key") == key) << "the key was replaced";
    expect_sound();
    issue(Kind::server, "gw");
    expect_sound();
    bring_back();
  }
  EXPECT_GT(step, 40);
}

TEST_F(AuthorityInterruption, of_issue_leaves_the_name_free_or_the_certificate_whole) {
  make_authority();
  issue(Kind::server, "gw");
  keep();
  int step = 1;
  bool seen_free = false;
  bool seen_whole = false;
  for (; interrupted(step, issuing("anna")); ++step) {
    expect_sound();
    if (state_of("anna")) {
      seen_whole = true;
      EXPECT_NE(why_not_issued({.name = named("anna")}).find("valid until"), std::string::npos);
    } else {
      seen_free = true;
      issue(Kind::client, "anna");
    }
    expect_sound();
    export_client("anna");
    bring_back();
  }
  EXPECT_TRUE(seen_free && seen_whole);
  EXPECT_GT(step, 25);
}

TEST_F(AuthorityInterruption, of_issue_over_an_expired_certificate_loses_neither) {
  make_authority();
  issue(Kind::client, "anna", days_later(-900));
  keep();
  int step = 1;
  for (; interrupted(step, issuing("anna")); ++step) {
    expect_sound();
    if (state_of("anna") == State::expired) issue(Kind::client, "anna");
    expect_sound();
    EXPECT_EQ(state_of("anna"), State::valid);
    EXPECT_EQ(list().size(), 3u);
    bring_back();
  }
  EXPECT_GT(step, 35);
}

TEST_F(AuthorityInterruption, of_revoke_is_finished_by_repeating_it) {
  make_authority();
  issue(Kind::client, "anna");
  issue(Kind::client, "bert");
  export_client("anna");
  keep();
  const std::string anna = text_of("issued/anna.crt");
  int step = 1;
  bool listed = false;
  for (; interrupted(step, revoking("anna")); ++step) {
    expect_sound();
    const bool revoked = state_of("anna") == State::revoked;
    EXPECT_TRUE(revoked || !listed) << "a revocation was lost";
    listed = revoked;
    if (!revoked || exists("issued/anna.crt")) revoke("anna", Reason::superseded);
    expect_sound();
    EXPECT_EQ(state_of("anna"), State::revoked);
    EXPECT_FALSE(exists("issued/anna.crt") || exists("private/anna.key"));
    EXPECT_EQ(verify(anna, text_of("ca.crt"), text_of("crl.pem"), X509_PURPOSE_ANY, noon),
              "certificate revoked");
    issue(Kind::client, "anna");
    expect_sound();
    bring_back();
  }
  EXPECT_TRUE(listed);
  EXPECT_GT(step, 15);
}

TEST_F(AuthorityInterruption, of_revoke_does_not_hinder_a_new_certificate_of_the_name) {
  make_authority();
  issue(Kind::client, "anna");
  keep();
  for (int step = 1; interrupted(step, revoking("anna")); ++step) {
    if (state_of("anna") == State::revoked) issue(Kind::client, "anna");
    expect_sound();
    EXPECT_EQ(state_of("anna"), State::valid);
    export_client("anna");
    bring_back();
  }
}

TEST_F(AuthorityInterruption, of_export_is_finished_by_repeating_it) {
  make_authority();
  issue(Kind::client, "anna");
  fs::remove(path("tls-crypt-v2-server.key"));
  keep();
  int step = 1;
  for (; interrupted(step, exporting("anna")); ++step) {
    expect_sound();
    export_client("anna");
    bring_back();
  }
  EXPECT_GT(step, 10);
}

TEST_F(AuthorityInterruption, of_the_repair_itself_does_no_harm) {
  make_authority();
  issue(Kind::client, "anna");
  issue(Kind::client, "bert");
  const std::string index = text_of("index.txt");
  revoke("bert");
  put("index.txt", index.substr(index.find('\n') + 1));  // anna forgotten, bert not yet marked
  fs::remove(path("issued/anna.crt"));
  put("private/.adit-new-x", "half");
  keep();
  const Command opening = [this](const Hooks& hooks) {
    const auto authority = Authority::open(root(), hooks);
    return authority ? Status{} : Status(fail_with(authority.error()));
  };
  int step = 1;
  for (; interrupted(step, opening); ++step) {
    expect_sound();
    EXPECT_EQ(state_of("anna"), State::valid);
    EXPECT_EQ(state_of("bert"), State::revoked);
    bring_back();
  }
  EXPECT_GT(step, 10);
}

TEST_F(AuthorityInterruption, by_a_full_disk_is_reported_and_the_command_can_be_repeated) {
  make_authority();
  issue(Kind::client, "anna");
  keep();
  bool failed = true;
  for (int step = 1; failed; ++step) {
    const Status done = failing(step, issuing("bert"), failed);
    EXPECT_EQ(failed, !done) << step;
    if (!done) {
      EXPECT_NE(done.error().what.find("No space left on device"), std::string::npos);
      EXPECT_NE(done.error().what.find(root()), std::string::npos);
      EXPECT_NE(done.error().advice.find("free some room"), std::string::npos);
    }
    expect_sound();
    if (!state_of("bert")) issue(Kind::client, "bert");
    expect_sound();
    bring_back();
  }
}

TEST_F(AuthorityInterruption, by_another_command_does_not_happen) {
  make_authority();
  std::vector<pid_t> children;
  for (int number = 0; number < 6; ++number) {
    const pid_t child = ::fork();
    if (child == 0) {
      for (int i = 0; i < 5; ++i) rng_.number();  // same generator, same state: let them differ
      for (int i = 0; i < number; ++i) rng_.number();
      ::_exit(issuing(fmt::format("client{}", number))({}) ? 0 : 1);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = 1;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
  }
  expect_sound();
  EXPECT_EQ(list().size(), 7u);
}

}  // namespace
}  // namespace adit::pki
