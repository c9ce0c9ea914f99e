#pragma once

// A fresh directory for a test of the authority, and eyes to look at what lies in it.

#include <filesystem>
#include <random>
#include <string>

#include <gtest/gtest.h>

#include "pki/authority.h"
#include "tests/unit/pki/foreign.h"

namespace adit::pki {

// 2026-11-22 10:01:27 UTC
inline constexpr WallTime noon{1795341687};

inline WallTime days_later(int days) { return {noon.seconds + std::int64_t{days} * 86400}; }

class SeededRng final : public Rng {
 public:
  void fill(MutableBytes out) override {
    for (auto& byte : out) byte = static_cast<std::uint8_t>(engine_());
  }

 private:
  std::mt19937 engine_{7};
};

inline Name named(std::string_view text) { return Name::existing(text).value(); }

class ScratchTest : public testing::Test {
 protected:
  ScratchTest();
  ~ScratchTest() override;

  [[nodiscard]] std::string root() const { return base_ + "/pki"; }
  [[nodiscard]] std::string path(const std::string& file) const { return root() + "/" + file; }
  [[nodiscard]] bool exists(const std::string& file) const {
    return std::filesystem::exists(path(file));
  }
  [[nodiscard]] std::string text_of(const std::string& file) const;
  void put(const std::string& file, const std::string& text) const;
  [[nodiscard]] unsigned mode_of(const std::string& file) const;

  // These fail the test when the command fails.
  void make_authority(KeyType type = KeyType::ecdsa_p256);
  Entry issue(Kind kind, const std::string& name, WallTime now = noon,
              std::optional<KeyType> key_type = {});
  Entry revoke(const std::string& name, Reason reason = Reason::unspecified, WallTime now = noon);
  // Makes an issued certificate one of another tool.
  void sign_again(const Entry& entry, const Extensions& extensions) const;
  Exported export_client(const std::string& name, WallTime now = noon);
  std::vector<Entry> list(WallTime now = noon);

  // The error of a command that must fail.
  std::string why_not_issued(const CertificateRequest& request, WallTime now = noon);
  std::string why_not_revoked(const std::string& name, WallTime now = noon);
  std::string why_not_exported(const std::string& name, WallTime now = noon);
  std::string why_not_created(const AuthorityRequest& request = {});
  std::string why_not_opened(const Hooks& hooks = {});

  SeededRng rng_;
  std::string base_;
};

}  // namespace adit::pki
