#include "system/task_limit.h"

#include <algorithm>
#include <fstream>
#include <sys/resource.h>

#include "base/text.h"

namespace adit::system {

namespace {

using Limit = std::optional<std::size_t>;

Limit lower(Limit a, Limit b) {
  if (!a || !b) return a ? a : b;
  return std::min(*a, *b);
}

Limit number_in(const std::string& path) {
  std::ifstream file(path);
  std::string word;
  file >> word;  // "max" is no number
  return to_number<std::size_t>(word);
}

}  // namespace

Limit group_task_limit(const std::string& self, const std::string& root) {
  constexpr std::string_view own = "0::";  // of the one hierarchy of version 2
  std::ifstream groups(self);
  std::string line;
  Limit limit;
  while (std::getline(groups, line)) {
    if (!line.starts_with(own)) continue;
    // Those above limit it, too.
    for (std::string path = line.substr(own.size()); path.size() > 1;
         path.resize(path.rfind('/'))) {
      limit = lower(limit, number_in(root + path + "/pids.max"));
    }
  }
  return limit;
}

Limit task_limit() {
  const Limit limit = group_task_limit("/proc/self/cgroup", "/sys/fs/cgroup");
  rlimit processes{};
  if (getrlimit(RLIMIT_NPROC, &processes) != 0 || processes.rlim_cur == RLIM_INFINITY) return limit;
  return lower(limit, processes.rlim_cur);
}

}  // namespace adit::system
