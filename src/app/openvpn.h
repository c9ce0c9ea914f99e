#pragma once

#include <string>
#include <vector>

namespace adit::app {

// The command line of openvpn itself: options, a configuration file, stand-alone tools. Returns the
// exit status. source: surfaces 2, 3
int run_openvpn(const std::vector<std::string>& arguments);

}  // namespace adit::app
