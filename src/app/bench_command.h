#pragma once

#include <memory>

namespace CLI {
class App;
}

namespace adit::app {

// The commands "adit bench ..." below root; whichever is called leaves its exit status. The answer
// holds what they were given and must outlive the parsing.
//
// load: 0: all connected; 1: not all; 2: it could not begin
class BenchArguments;
[[nodiscard]] std::shared_ptr<BenchArguments> add_bench(CLI::App& root, int& status);

}  // namespace adit::app
