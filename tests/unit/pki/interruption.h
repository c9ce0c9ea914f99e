#pragma once

// A command that dies before any of its steps, and what must hold afterwards.

#include <algorithm>
#include <cerrno>
#include <functional>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/core.h>
#include <openssl/x509v3.h>

#include "pki/index.h"
#include "tests/unit/pki/scratch.h"
#include "tests/unit/pki/verification.h"

namespace adit::pki {

inline constexpr int power_failed = 77;

class AuthorityInterruption : public ScratchTest {
 protected:
  using Command = std::function<Status(const Hooks&)>;

  // Runs the command in a child that dies before its step number "step"; false once there is no
  // such step and the command came to its end.
  static bool interrupted(int step, const Command& command) {
    const pid_t child = ::fork();
    if (child == 0) {
      int left = step;
      const Status done = command({.ask = {}, .watch = [&](std::string_view) {
                                     if (--left == 0) ::_exit(power_failed);
                                     return 0;
                                   }});
      ::_exit(done ? 0 : 1);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_TRUE(WIFEXITED(status));
    EXPECT_NE(WEXITSTATUS(status), 1) << "the command failed at step " << step;
    return WEXITSTATUS(status) == power_failed;
  }

  // As interrupted(), but the step fails with "no space left" and the command goes on from there.
  static Status failing(int step, const Command& command, bool& failed) {
    int left = step;
    const Status done =
        command({.ask = {}, .watch = [&](std::string_view) { return --left == 0 ? ENOSPC : 0; }});
    failed = left <= 0;
    return done;
  }

  void keep() {
    std::filesystem::copy(root(), base_ + "/kept", std::filesystem::copy_options::recursive);
  }
  void bring_back() {
    std::filesystem::remove_all(root());
    if (std::filesystem::exists(base_ + "/kept")) {
      std::filesystem::copy(base_ + "/kept", root(), std::filesystem::copy_options::recursive);
    }
  }

  Command issuing(const std::string& name, WallTime now = noon) {
    return [this, name, now](const Hooks& hooks) {
      auto authority = Authority::open(root(), hooks);
      if (!authority) return Status(fail_with(authority.error()));
      const auto entry = authority->issue({.name = named(name)}, rng_, now);
      return entry ? Status{} : Status(fail_with(entry.error()));
    };
  }
  Command revoking(const std::string& name) {
    return [this, name](const Hooks& hooks) {
      auto authority = Authority::open(root(), hooks);
      if (!authority) return Status(fail_with(authority.error()));
      const auto entry = authority->revoke(named(name), Reason::superseded, noon);
      return entry ? Status{} : Status(fail_with(entry.error()));
    };
  }
  Command exporting(const std::string& name) {
    return [this, name](const Hooks& hooks) {
      auto authority = Authority::open(root(), hooks);
      if (!authority) return Status(fail_with(authority.error()));
      const auto exported = authority->export_client(named(name), rng_, noon);
      return exported ? Status{} : Status(fail_with(exported.error()));
    };
  }
  Command creating() {
    return [this](const Hooks& hooks) {
      const auto made = Authority::create(root(), {}, rng_, noon, hooks);
      return made ? Status{} : Status(fail_with(made.error()));
    };
  }

  // Every certificate in force is on the index, in both places, and has its key; the list holds
  // what the index says; nothing half written is left.
  void expect_sound() {
    const auto entries = list();
    const auto index = Index::parse(text_of("index.txt"), "index.txt");
    ASSERT_TRUE(index);
    const auto authorities = std::ranges::count(entries, Kind::ca, &Entry::kind);
    ASSERT_EQ(entries.size(), index->rows().size() + static_cast<std::size_t>(authorities));
    for (const auto& file : std::filesystem::recursive_directory_iterator(root())) {
      EXPECT_FALSE(file.path().filename().string().starts_with(".adit-new-")) << file.path();
    }
    for (const auto& file : std::filesystem::directory_iterator(path("issued"))) {
      const Certificate read =
          read_certificate(text_of("issued/" + file.path().filename().string()));
      ASSERT_TRUE(read) << file.path();
    }
    for (const Row& row : index->rows()) expect_sound(row);
  }
  void expect_sound(const Row& row) {
    const std::string name(row.common_name());
    if (row.mark == Row::Mark::revoked || !row.usable(noon)) return;
    EXPECT_TRUE(exists("certs_by_serial/" + row.serial + ".pem")) << name;
    EXPECT_TRUE(exists("private/" + name + ".key")) << name;
    EXPECT_EQ(verify(text_of("issued/" + name + ".crt"), text_of("ca-bundle.crt"),
                     text_of("crl.pem"), X509_PURPOSE_ANY, noon),
              "ok")
        << name;
  }

  // The state of the newest certificate of this name; nothing when it has none.
  std::optional<State> state_of(const std::string& name) {
    std::optional<State> state;
    for (const Entry& entry : list()) {
      if (entry.name == name) state = entry.state;
    }
    return state;
  }
};

}  // namespace adit::pki
