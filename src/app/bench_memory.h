#pragma once

namespace adit::app {

// "adit bench": what one packet costs in this process. Exit status 0, or 1 when interrupted.
[[nodiscard]] int run_bench(bool json);

}  // namespace adit::app
