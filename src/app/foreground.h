#pragma once

#include <string>

namespace adit::app {

// Runs DIR/server.conf in this process until a signal; returns its exit status. Its number stands
// in DIR/state/server.pid meanwhile.
//
// test  a process of its own tests the server once it answers, and prints what it found
int serve_in_foreground(const std::string& dir, bool test);

}  // namespace adit::app
