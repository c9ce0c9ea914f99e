#include "setup/real_files.h"

#include <filesystem>
#include <fstream>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace adit::setup::disk {
namespace {

namespace fs = std::filesystem;

class RealFiles : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = ::testing::TempDir() + "/real-files-" + std::to_string(getpid());
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  [[nodiscard]] std::string path(const std::string& name) const { return folder_ + "/" + name; }
  void put(const std::string& name, const std::string& text) const {
    std::ofstream(path(name)) << text;
  }
  [[nodiscard]] std::string text(const std::string& name) const {
    const auto file = read(path(name)).value();
    return file ? file->text : "(none)";
  }

 private:
  std::string folder_;
};

TEST_F(RealFiles, take_the_place_of_what_was_there) {
  put("resolv.conf", "old");
  put("resolv.conf.adit-new", "of a run that was killed");
  EXPECT_TRUE(write(path("resolv.conf"), {"new", 0644}));
  EXPECT_EQ(text("resolv.conf"), "new");
  EXPECT_EQ(text("resolv.conf.adit-new"), "(none)");
}

TEST_F(RealFiles, keep_rights_and_owner_where_they_are_written_as_they_were_read) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root";
  put("server.conf", "old");
  ASSERT_EQ(chown(path("server.conf").c_str(), 0, 1), 0);
  ASSERT_EQ(chmod(path("server.conf").c_str(), 0640), 0);
  File file = *read(path("server.conf")).value();
  file.text = "new";
  EXPECT_TRUE(write(path("server.conf"), file));
  EXPECT_EQ(*read(path("server.conf")).value(), (File{"new", 0640, Owner{0, 1}}));
  EXPECT_TRUE(write(path("server.conf"), {"nobody's", 0600}));
  EXPECT_EQ(*read(path("server.conf")).value(), (File{"nobody's", 0600, Owner{0, 0}}));
}

TEST_F(RealFiles, leave_a_device_what_it_is) {
  fs::create_symlink("/dev/null", path("nowhere"));
  EXPECT_EQ(text("nowhere"), "(none)");
  EXPECT_TRUE(write(path("nowhere"), {"text", 0600}));
  EXPECT_TRUE(fs::is_symlink(path("nowhere")));
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
}

// In a mount namespace of its own: 0, or the step that failed.
int write_to_what_is_mounted_on(const std::string& mounted, const std::string& on) {
  if (unshare(CLONE_NEWNS) != 0) return 1;
  if (mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return 2;
  if (mount(mounted.c_str(), on.c_str(), nullptr, MS_BIND, nullptr) != 0) return 3;
  sweep(on);
  return write(on, {"new", 0644}) ? 0 : 4;
}

TEST_F(RealFiles, leave_the_folder_alone_where_something_is_mounted_on_the_file) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root";
  put("resolv.conf", "of everybody");
  put("resolv.conf.adit-new", "somebody else's, who is just writing it");
  put("ours", "old");
  const pid_t child = fork();
  if (child == 0) _exit(write_to_what_is_mounted_on(path("ours"), path("resolv.conf")));
  int status = -1;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(text("ours"), "new");
  EXPECT_EQ(text("resolv.conf"), "of everybody");
  EXPECT_EQ(text("resolv.conf.adit-new"), "somebody else's, who is just writing it");
}

}  // namespace
}  // namespace adit::setup::disk
