#include "setup/lock.h"

#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace adit::setup {
namespace {

TEST(Lock, IsHeldByOneAtATimeWhoIsNamedToTheNext) {
  const std::string path = testing::TempDir() + "/lock-" + std::to_string(getpid());
  const auto unexpected = [](const std::string& holder) { FAIL() << holder; };
  system::Fd first = hold_lock(path, unexpected);
  ASSERT_TRUE(first);
  std::string told;
  EXPECT_TRUE(hold_lock(path, [&](const std::string& holder) {
    told = holder;
    first.reset();
  }));
  EXPECT_EQ("another adit command (pid " + std::to_string(getpid()) + ")", told);
  EXPECT_TRUE(hold_lock(path, unexpected));
  std::filesystem::remove(path);
}

TEST(Lock, NobodyElseCanOpenIt) {
  const std::string path = testing::TempDir() + "/private-lock-" + std::to_string(getpid());
  ASSERT_TRUE(hold_lock(path, [](const std::string&) {}));
  struct stat facts {};
  ASSERT_EQ(stat(path.c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777u, 0600u);
  std::filesystem::remove(path);
}

TEST(Lock, CannotBeHadWhereNoFileCanBe) {
  EXPECT_FALSE(hold_lock("/nowhere/lock", [](const std::string&) {}));
}

}  // namespace
}  // namespace adit::setup
