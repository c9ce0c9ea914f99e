#include "system/task_limit.h"

#include <filesystem>

#include <gtest/gtest.h>

#include "tests/unit/system/scratch.h"

namespace adit::system {
namespace {

TEST(TaskLimit, is_the_least_on_the_way_up) {
  const Folder folder;
  std::filesystem::create_directories(folder / "system.slice/one.service");
  const std::string self = folder.put("self", "12:pids:/old\n0::/system.slice/one.service\n");
  EXPECT_FALSE(group_task_limit(self, folder.path()));
  folder.put("system.slice/pids.max", "10\n");
  folder.put("system.slice/one.service/pids.max", "max\n");
  EXPECT_EQ(group_task_limit(self, folder.path()), 10u);
  folder.put("system.slice/one.service/pids.max", "7\n");
  EXPECT_EQ(group_task_limit(self, folder.path()), 7u);
  EXPECT_FALSE(group_task_limit(folder / "nowhere", folder.path()));
}

}  // namespace
}  // namespace adit::system
