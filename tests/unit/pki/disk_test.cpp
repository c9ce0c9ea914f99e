#include "pki/disk.h"

#include <fstream>

#include "tests/unit/pki/scratch.h"

namespace adit::pki {
namespace {

class AuthorityDisk : public ScratchTest {
 protected:
  AuthorityDisk()
      : disk_(Disk::create(root(), [this](std::string_view step) {
                steps_.emplace_back(step);
                return 0;
              }).value()) {}

  std::vector<std::string> steps_;
  Disk disk_;
};

TEST_F(AuthorityDisk, one_file_is_written_beside_flushed_and_then_renamed) {
  ASSERT_TRUE(disk_.write("a", "text", public_mode));
  EXPECT_EQ(steps_,
            (std::vector<std::string>{"make a temporary file for", "write", "set the mode of",
                                      "flush", "replace", "flush the directory"}));
  EXPECT_EQ(disk_.read("a")->reveal(), "text");
  EXPECT_EQ(disk_.files_in("."), (std::vector<std::string>{".adit-lock", "a"}));
}

TEST_F(AuthorityDisk, the_mode_is_the_one_asked_for_even_when_a_file_is_replaced) {
  ASSERT_TRUE(disk_.write("a", "1", public_mode));
  ASSERT_TRUE(disk_.write("a", "22", private_mode));
  EXPECT_EQ(mode_of("a"), 0600u);
  EXPECT_EQ(text_of("a"), "22");
}

TEST_F(AuthorityDisk, a_reader_sees_the_old_text_or_the_new_one) {
  ASSERT_TRUE(disk_.write("a", "old", public_mode));
  std::ifstream reader(path("a"));
  ASSERT_TRUE(disk_.write("a", "new", public_mode));
  std::string text;
  reader >> text;
  EXPECT_EQ(text, "old");
  EXPECT_EQ(text_of("a"), "new");
}

TEST_F(AuthorityDisk, moving_or_removing_what_is_absent_is_no_error_and_no_step) {
  EXPECT_TRUE(disk_.move("a", "b"));
  EXPECT_TRUE(disk_.remove("a"));
  EXPECT_TRUE(steps_.empty());
}

TEST_F(AuthorityDisk, a_failure_says_what_on_which_file_and_why) {
  const Status done = disk_.write("nowhere/a", "text", public_mode);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().what, "cannot make a temporary file for " + path("nowhere/a") +
                                   ": No such file or directory");
  const auto text = disk_.read("b");
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().what, "cannot read " + path("b") + ": No such file or directory");
}

TEST_F(AuthorityDisk, a_folder_is_not_read_as_a_file) {
  ASSERT_TRUE(disk_.make_folder("f"));
  EXPECT_NE(disk_.read("f").error().what.find("not a regular file"), std::string::npos);
  EXPECT_EQ(mode_of("f"), 0700u);
}

TEST_F(AuthorityDisk, a_directory_that_is_missing_is_not_opened) {
  const auto opened = Disk::open(base_ + "/missing", {});
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().text().find("adit pki init"), std::string::npos);
}

}  // namespace
}  // namespace adit::pki
