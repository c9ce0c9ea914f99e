#include "system/store.h"

#include <fcntl.h>
#include <fstream>
#include <regex>
#include <sys/stat.h>

#include "system/random.h"
#include "tests/unit/system/sandbox.h"
#include "tests/unit/system/scratch.h"

namespace adit::system {
namespace {

struct StoreTest : testing::Test {
  SystemRng rng;
  Store store{rng};
  Folder folder;
};

TEST_F(StoreTest, reads_whole_files) {
  const std::string large(100000, 'x');
  EXPECT_EQ(store.read(folder.put("small", "one\ntwo\n")), "one\ntwo\n");
  EXPECT_EQ(store.read(folder.put("large", large)), large);
  EXPECT_EQ(store.read(folder.put("empty", "")), "");
}

TEST_F(StoreTest, says_why_it_could_not_read) {
  const auto missing = store.read(folder / "missing");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().what,
            "cannot open " + folder / "missing" + ": No such file or directory");
  const auto directory = store.read(folder.path());
  ASSERT_FALSE(directory);
  EXPECT_EQ(directory.error().what, "cannot read " + folder.path() + ": Is a directory");
}

TEST_F(StoreTest, lists_the_plain_files_of_a_folder) {
  folder.put("b", "");
  folder.put("a", "");
  folder.put(".hidden", "");
  ASSERT_EQ(mkdir((folder / "folder").c_str(), 0700), 0);
  EXPECT_EQ(store.list(folder.path(), 10), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(store.list(folder.path(), 1).size(), 1u);
  EXPECT_TRUE(store.list(folder / "missing", 10).empty());
}

TEST_F(StoreTest, rewrites_in_place_under_the_eyes_of_a_monitor) {
  const std::string path = folder / "status";
  ASSERT_TRUE(store.rewrite(path, "a long first text\n"));
  EXPECT_EQ(mode_of_file(path), 0600u);
  const Fd monitor(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  ASSERT_TRUE(store.rewrite(path, "short\n"));
  char room[64];
  EXPECT_EQ(pread(monitor.get(), room, sizeof room, 0), 6);
  EXPECT_EQ(text_of_file(path), "short\n");
}

TEST_F(StoreTest, rewrites_the_new_file_when_the_old_one_was_moved_away) {
  const std::string path = folder / "status";
  ASSERT_TRUE(store.rewrite(path, "one"));
  std::filesystem::rename(path, folder / "status.1");
  ASSERT_TRUE(store.rewrite(path, "two"));
  EXPECT_EQ(text_of_file(path), "two");
  EXPECT_EQ(text_of_file(folder / "status.1"), "one");
}

TEST_F(StoreTest, stays_with_what_is_open_when_told_so) {
  const std::string path = folder / "status";
  ASSERT_TRUE(store.rewrite(path, "one"));
  store.keep_open_files();
  std::filesystem::rename(path, folder / "moved");
  ASSERT_TRUE(store.rewrite(path, "two"));
  EXPECT_EQ(text_of_file(folder / "moved"), "two");
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(StoreTest, says_why_it_could_not_rewrite) {
  const Status status = store.rewrite(folder / "no/where", "text");
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().what,
            "cannot open " + folder / "no/where" + ": No such file or directory");
}

TEST_F(StoreTest, version_grows_with_every_visible_change) {
  const std::string path = folder.put("crl", "one");
  const auto first = store.version(path);
  ASSERT_TRUE(first);
  EXPECT_EQ(store.version(path), first);
  folder.put("crl", "other");  // another size
  const auto second = store.version(path);
  EXPECT_GT(second, first);
  std::filesystem::last_write_time(path, std::filesystem::file_time_type::clock::now() - 1h);
  const auto third = store.version(path);
  EXPECT_GT(third, second);  // even when time goes back
  std::filesystem::remove(path);
  EXPECT_EQ(store.version(path), std::nullopt);
  folder.put("crl", "other");
  EXPECT_GT(store.version(path), third);
}

TEST_F(StoreTest, creates_private_temporary_files_with_the_names_scripts_expect) {
  const auto one = store.create_temporary(folder.path(), "cc", "text");
  const auto other = store.create_temporary(folder.path(), "cc", "");
  ASSERT_TRUE(one && other);
  EXPECT_NE(*one, *other);
  EXPECT_TRUE(
      std::regex_match(*one, std::regex(folder.path() + "/openvpn_cc_[0-9a-f]{2,32}\\.tmp")))
      << *one;
  EXPECT_EQ(mode_of_file(*one), 0600u);
  EXPECT_EQ(text_of_file(*one), "text");
  EXPECT_TRUE(store.exists(*one));
  store.remove(*one);
  EXPECT_FALSE(store.exists(*one));
  store.remove(*one);
}

TEST_F(StoreTest, says_where_temporary_files_cannot_be) {
  const auto path = store.create_temporary(folder / "nowhere", "cc", "");
  ASSERT_FALSE(path);
  EXPECT_EQ(path.error().what, "cannot create a temporary file in " + folder / "nowhere" +
                                   ": No such file or directory");
  EXPECT_NE(path.error().advice.find("tmp-dir"), std::string::npos);
}

class StoreRootTest : public RootTest {};

TEST_F(StoreRootTest, still_rewrites_a_file_after_a_change_of_user) {
  EXPECT_EQ(in_child([] {
              SystemRng rng;
              Store store(rng);
              const Folder folder;
              const std::string path = folder / "status";
              ASSERT_TRUE(store.rewrite(path, "as root"));
              ASSERT_EQ(seteuid(65534), 0);
              EXPECT_TRUE(store.rewrite(path, "as nobody"));
              ASSERT_EQ(seteuid(0), 0);
              EXPECT_EQ(text_of_file(path), "as nobody");
            }),
            0);
}

TEST(WriteFileAtomically, replaces_a_file_as_a_whole) {
  const Folder folder;
  const std::string path = folder.put("key", "old");
  ASSERT_TRUE(write_file_atomically(path, "new text", 0640));
  EXPECT_EQ(text_of_file(path), "new text");
  EXPECT_EQ(mode_of_file(path), 0640u);
  const auto begin = std::filesystem::directory_iterator(folder.path());
  EXPECT_EQ(std::distance(begin, {}), 1);
}

TEST(WriteFileAtomically, goes_through_links_and_into_devices) {
  const Folder folder;
  const std::string path = folder.put("key", "old"), link = folder / "link";
  std::filesystem::create_symlink("key", link);
  ASSERT_TRUE(write_file_atomically(link, "new text", 0600));
  EXPECT_TRUE(std::filesystem::is_symlink(link));
  EXPECT_EQ(text_of_file(path), "new text");
  const std::string nowhere = folder / "null";
  std::filesystem::create_symlink("/dev/null", nowhere);
  EXPECT_TRUE(is_written_through(nowhere));
  ASSERT_TRUE(write_file_atomically(nowhere, "text", 0600));
  EXPECT_TRUE(std::filesystem::is_symlink(nowhere));
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/null"));
}

// As the kernel does, where it is told to: a link of somebody else's in /tmp leads nowhere.
TEST_F(StoreRootTest, follows_no_link_that_somebody_else_left_for_us) {
  std::ifstream setting("/proc/sys/fs/protected_symlinks");
  if (char on = '0'; !(setting >> on) || on != '1') GTEST_SKIP() << "it is not asked for";
  const Folder folder;
  const std::string theirs = folder.put("theirs", "old"), link = folder / "link";
  ASSERT_EQ(chmod(folder.path().c_str(), 01777), 0);
  std::filesystem::create_symlink("theirs", link);
  ASSERT_EQ(lchown(link.c_str(), 65534, 65534), 0);
  ASSERT_TRUE(write_file_atomically(link, "secret", 0600));
  EXPECT_EQ(text_of_file(theirs), "old");
  EXPECT_EQ(text_of_file(link), "secret");
}

// What stood in the file behind it stays.
TEST(WriteFileAtomically, appends_to_standard_output) {
  const Folder folder;
  const std::string output = folder.put("output", "before\n"), link = folder / "stdout";
  std::filesystem::create_symlink("/proc/self/fd/1", link);
  EXPECT_EQ(in_child([&] {
              const Fd file(::open(output.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
              ASSERT_EQ(dup2(file.get(), STDOUT_FILENO), STDOUT_FILENO);
              ASSERT_TRUE(write_file_atomically(link, "key\n", 0600));
              ASSERT_TRUE(std::filesystem::is_symlink(link));
            }),
            0);
  EXPECT_EQ(text_of_file(output), "before\nkey\n");
}

TEST(WriteFileAtomically, leaves_the_old_file_and_nothing_else_when_it_fails) {
  const Folder folder;
  std::filesystem::create_directory(folder / "target");
  const Status status = write_file_atomically(folder / "target", "text", 0600);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().what, "cannot write " + folder / "target" + ": Is a directory");
  const auto begin = std::filesystem::directory_iterator(folder.path());
  EXPECT_EQ(std::distance(begin, {}), 1);
}

TEST(SystemRng, fills_what_it_is_given_and_never_twice_the_same) {
  SystemRng rng;
  Buffer one(1000), other(1000);
  rng.fill(one);
  rng.fill(other);
  EXPECT_NE(one, other);
  EXPECT_NE(rng.number(), rng.number());
  rng.fill({});
}

TEST(Clock, goes_on_and_agrees_with_itself) {
  const Instant first = monotonic_now();
  EXPECT_GE(monotonic_now(), first);
  const WallMoment moment = wall_moment();
  EXPECT_GE(wall_now().seconds, moment.seconds);
  EXPECT_LT(moment.microseconds, 1000000u);
}

}  // namespace
}  // namespace adit::system
