#pragma once

#include <cstddef>
#include <optional>
#include <string>

namespace adit::system {

// How many threads and processes this service may have at a time: LimitNPROC= and TasksMax= of its
// unit, or what else limits it. Nothing: as many as it likes.
[[nodiscard]] std::optional<std::size_t> task_limit();

// The part that control groups have in it. self: as /proc/self/cgroup; root: where they are
// mounted.
[[nodiscard]] std::optional<std::size_t> group_task_limit(const std::string& self,
                                                          const std::string& root);

}  // namespace adit::system
