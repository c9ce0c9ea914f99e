#pragma once

#include <memory>

namespace CLI {
class App;
}

namespace adit::app {

// The hidden command "adit generate": what a package of adit has beside the program (man pages,
// completions, units), made of the commands below root as they are when it runs.
class GenerateArguments;
[[nodiscard]] std::shared_ptr<GenerateArguments> add_generate(CLI::App& root, int& status);

}  // namespace adit::app
