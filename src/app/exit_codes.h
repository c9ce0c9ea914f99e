#pragma once

namespace adit::app {

inline constexpr int exit_ok = 0, exit_failure = 1;
// Of commands whose 1 is an answer: there is none.
inline constexpr int exit_no_answer = 2;

}  // namespace adit::app
