#pragma once

#include <functional>
#include <string>
#include <vector>

namespace adit::app {

// A server or client of this command line in this process until a signal; returns its exit status.
//
// beside  what a process of its own does meanwhile; it ends with us. May be empty
int run_in_foreground(const std::vector<std::string>& words, const std::function<void()>& beside);

// DIR/server.conf. Its number stands in DIR/state/server.pid meanwhile.
//
// tested  it answers, adit doctor looks at it and prints what it found
int serve_in_foreground(const std::string& dir, bool tested);

}  // namespace adit::app
