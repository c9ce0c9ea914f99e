// As interruption_test.cpp, for what changes certificates and authorities that are in use.

#include "pki/key.h"
#include "tests/unit/pki/interruption.h"

namespace adit::pki {
namespace {

namespace fs = std::filesystem;

class AuthorityChangeInterruption : public AuthorityInterruption {
 protected:
  // A command on the opened authority.
  Command on_authority(const std::function<Status(Authority&)>& what) {
    return [this, what](const Hooks& hooks) {
      auto authority = Authority::open(root(), hooks);
      return authority ? what(*authority) : Status(fail_with(authority.error()));
    };
  }
  template <typename T>
  static Status status_of(const Result<T>& result) {
    return result ? Status{} : Status(fail_with(result.error()));
  }
  Command renewing(const RenewRequest& request) {
    return on_authority([this, request](Authority& authority) {
      return status_of(authority.renew(request, rng_, noon));
    });
  }
  Command starting() {
    return on_authority([this](Authority& authority) {
      return status_of(authority.start_rotation({.common_name = ""}, rng_, noon));
    });
  }
  Command servers() {
    return on_authority([this](Authority& authority) {
      return status_of(authority.rotate_servers({}, rng_, noon));
    });
  }
  Command clients() {
    return on_authority([this](Authority& authority) {
      return status_of(authority.rotate_clients({}, rng_, noon));
    });
  }
  Command finishing() {
    return on_authority(
        [](Authority& authority) { return status_of(authority.finish_rotation(true, noon)); });
  }
  void do_it(const Command& command) {
    const Status done = command({});
    ASSERT_TRUE(done) << done.error().text();
  }
  RotationStage stage() { return Authority::open(root())->rotation(noon).stage; }

  // Key and certificate in use belong together, and so do the authority's.
  void expect_pair(const std::string& key_file, const std::string& certificate_file) {
    const auto key = parse_key(SecretText(text_of(key_file)), key_file, {});
    ASSERT_TRUE(key) << key_file;
    EXPECT_EQ(X509_check_private_key(read_certificate(text_of(certificate_file)).get(), key->get()),
              1)
        << key_file;
  }
  void expect_whole() {
    expect_sound();
    expect_pair("private/ca.key", "ca.crt");
    for (const char* name : {"gw", "anna", "bert"}) {
      if (!exists("issued/" + std::string(name) + ".crt")) continue;
      expect_pair("private/" + std::string(name) + ".key", "issued/" + std::string(name) + ".crt");
    }
    EXPECT_TRUE(Authority::open(root())->repairs().empty()) << "repaired twice";
  }
  // Nobody who could connect before is kept out, and who was kept out stays out.
  void expect_trust(const std::string& certificate, const char* verdict) {
    EXPECT_EQ(
        verify(certificate, text_of("ca-bundle.crt"), text_of("crl.pem"), X509_PURPOSE_ANY, noon),
        verdict);
  }
  void make_people() {
    make_authority();
    issue(Kind::server, "gw");
    anna_serial_ = issue(Kind::client, "anna").serial;
    issue(Kind::client, "bert");
    issue(Kind::client, "gone");
    export_client("anna");
    anna_ = text_of("issued/anna.crt");
    gone_ = text_of("issued/gone.crt");
    revoke("gone");
  }

  std::string anna_;
  std::string anna_serial_;
  std::string gone_;
};

TEST_F(AuthorityChangeInterruption, of_renew_leaves_the_old_certificate_or_the_new_one_in_force) {
  make_people();
  keep();
  const std::string key = text_of("private/anna.key");
  int step = 1;
  bool seen_old = false;
  bool seen_new = false;
  for (; interrupted(step, renewing({.name = named("anna")})); ++step) {
    expect_whole();
    (text_of("issued/anna.crt") == anna_ ? seen_old : seen_new) = true;
    EXPECT_EQ(text_of("private/anna.key"), key);
    expect_trust(anna_, "ok");
    do_it(renewing({.name = named("anna")}));
    expect_whole();
    expect_trust(anna_, "ok");
    EXPECT_NE(text_of("issued/anna.crt"), anna_);
    revoke("anna");
    expect_trust(anna_, "certificate revoked");
    bring_back();
  }
  EXPECT_TRUE(seen_old && seen_new);
  EXPECT_GT(step, 25);
}

TEST_F(AuthorityChangeInterruption, of_renew_with_a_new_key_never_parts_key_and_certificate) {
  make_people();
  keep();
  const std::string key = text_of("private/anna.key");
  const RenewRequest request{.name = named("anna"), .new_key = true};
  int step = 1;
  for (; interrupted(step, renewing(request)); ++step) {
    expect_whole();
    const bool is_new = text_of("private/anna.key") != key;
    EXPECT_EQ(text_of("issued/anna.crt") != anna_, is_new);
    EXPECT_EQ(std::distance(fs::directory_iterator(path("private")), {}), 4);
    if (is_new) {
      EXPECT_EQ(text_of("renewed/private_by_serial/" + anna_serial_ + ".key"), key);
    }
    do_it(renewing(request));
    expect_whole();
    bring_back();
  }
  EXPECT_GT(step, 35);
}

TEST_F(AuthorityChangeInterruption, of_renew_without_overlap_loses_no_revocation) {
  make_people();
  keep();
  const RenewRequest request{.name = named("anna"), .overlap = std::chrono::days(0)};
  for (int step = 1; interrupted(step, renewing(request)); ++step) {
    expect_whole();
    do_it(renewing(request));
    do_it(on_authority([](Authority& authority) { return authority.publish_crl(noon); }));
    expect_whole();
    expect_trust(anna_, "certificate revoked");
    expect_trust(text_of("issued/anna.crt"), "ok");
    bring_back();
  }
}

TEST_F(AuthorityChangeInterruption, of_a_list_that_ends_an_overlap_can_be_repeated) {
  make_people();
  do_it(on_authority([this](Authority& authority) {
    return status_of(authority.renew({.name = named("anna"), .overlap = std::chrono::days(1)}, rng_,
                                     days_later(-2)));
  }));
  keep();
  const Command publishing =
      on_authority([](Authority& authority) { return authority.publish_crl(noon); });
  int step = 1;
  for (; interrupted(step, publishing); ++step) {
    expect_whole();
    do_it(publishing);
    expect_trust(anna_, "certificate revoked");
    bring_back();
  }
  EXPECT_GT(step, 10);
}

TEST_F(AuthorityChangeInterruption, of_a_start_is_finished_by_repeating_it) {
  make_people();
  keep();
  int step = 1;
  for (; interrupted(step, starting()); ++step) {
    expect_whole();
    expect_trust(anna_, "ok");
    do_it(starting());
    expect_whole();
    EXPECT_EQ(stage(), RotationStage::started);
    do_it(servers());
    expect_whole();
    expect_trust(anna_, "ok");
    bring_back();
  }
  EXPECT_GT(step, 25);
}

TEST_F(AuthorityChangeInterruption, of_the_switch_goes_forward_or_has_not_begun) {
  make_people();
  do_it(starting());
  keep();
  int step = 1;
  bool seen_started = false;
  bool seen_switched = false;
  for (; interrupted(step, servers()); ++step) {
    expect_whole();
    expect_trust(anna_, "ok");
    expect_trust(gone_, "certificate revoked");
    (stage() == RotationStage::started ? seen_started : seen_switched) = true;
    issue(Kind::client, "carl");
    expect_trust(text_of("issued/carl.crt"), "ok");
    do_it(servers());
    expect_whole();
    EXPECT_TRUE(Authority::open(root())->rotation(noon).servers_left.empty());
    bring_back();
  }
  EXPECT_TRUE(seen_started && seen_switched);
  EXPECT_GT(step, 60);
}

TEST_F(AuthorityChangeInterruption, of_the_clients_keeps_old_and_new_certificates_trusted) {
  make_people();
  do_it(starting());
  do_it(servers());
  keep();
  int step = 1;
  for (; interrupted(step, clients()); step += 3) {
    expect_whole();
    expect_trust(anna_, "ok");
    expect_trust(text_of("issued/anna.crt"), "ok");
    do_it(clients());
    expect_whole();
    EXPECT_TRUE(Authority::open(root())->rotation(noon).clients_left.empty());
    bring_back();
  }
  EXPECT_GT(step, 40);
}

TEST_F(AuthorityChangeInterruption, of_the_finish_is_finished_by_repeating_it) {
  make_people();
  do_it(starting());
  do_it(servers());
  do_it(clients());
  const std::string anna = text_of("issued/anna.crt");
  keep();
  int step = 1;
  for (; interrupted(step, finishing()); ++step) {
    expect_whole();
    expect_trust(anna, "ok");
    if (stage() != RotationStage::none) do_it(finishing());
    do_it(on_authority([](Authority& authority) { return authority.publish_crl(noon); }));
    expect_whole();
    expect_trust(anna, "ok");
    EXPECT_EQ(text_of("ca-bundle.crt"), text_of("ca.crt"));
    EXPECT_TRUE(fs::is_empty(path("rotation")));
    EXPECT_EQ(std::distance(fs::directory_iterator(path("retired")), {}), 2);
    bring_back();
  }
  EXPECT_GT(step, 40);
}

TEST_F(AuthorityChangeInterruption, of_import_leaves_nothing_or_all_and_never_touches_the_source) {
  make_people();
  fs::rename(root(), base_ + "/source");
  const auto newest = [&] {
    auto latest = fs::file_time_type::min();
    for (const auto& at : fs::recursive_directory_iterator(base_ + "/source")) {
      latest = std::max(latest, at.last_write_time());
    }
    return latest;
  };
  const auto before = newest();
  const Command importing = [this](const Hooks& hooks) {
    return status_of(Authority::import_from(base_ + "/source", root(), rng_, noon, hooks));
  };
  int step = 1;
  for (; interrupted(step, importing); step += 3) {
    const bool arrived = exists("index.txt");
    EXPECT_TRUE(arrived || !exists("ca.crt"));
    do_it(importing);
    expect_whole();
    expect_trust(anna_, "ok");
    expect_trust(gone_, "certificate revoked");
    bring_back();
  }
  EXPECT_EQ(newest(), before);
  EXPECT_GT(step, 100);
}

}  // namespace
}  // namespace adit::pki
